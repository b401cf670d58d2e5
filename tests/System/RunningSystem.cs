using System.Globalization;
using System.Text.Json;
using Npgsql;

[assembly: CollectionBehavior(DisableTestParallelization = true)]
[assembly: AssemblyFixture(typeof(ConcertDapr.Tests.RunningSystem))]

namespace ConcertDapr.Tests;

/// <summary>The whole system, started by DevHost as <c>make up</c> does, with data and ports of its own.</summary>
public class RunningSystem : IAsyncLifetime
{
    private const int GatewayPort = 8080;
    private const int PostgresPort = 15432;

    private readonly DirectoryInfo _data = Directory.CreateTempSubdirectory("concert-system");
    private readonly int _offset;
    private readonly string[] _options;
    private ProgramRun? _run;
    private int _fans = 300;

    // Overdue payments are looked after sooner than by default, so that a crash is over in seconds.
    public RunningSystem() : this(11_000, "--set", "Payment__StaleSeconds=3", "--set", "Payment__ReconcileSeconds=1")
    {
    }

    protected RunningSystem(int offset, params string[] options)
    {
        (_offset, _options) = (offset, options);
        Http = new HttpClient(new SocketsHttpHandler { MaxConnectionsPerServer = 500 }) { BaseAddress = Gateway, Timeout = TimeSpan.FromSeconds(60) };
    }

    public Uri Gateway => new($"http://127.0.0.1:{GatewayPort + _offset}");

    public string Postgres => $"127.0.0.1:{PostgresPort + _offset}";

    public HttpClient Http { get; }

    /// <summary>What DevHost and the apps have said.</summary>
    public string Output => _run!.Output;

    private bool IsReady => Output.Contains("\nready in ", StringComparison.Ordinal);

    public virtual async ValueTask InitializeAsync()
    {
        var mode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
        // Postgres runs as a user of its own and must reach its folder.
        File.SetUnixFileMode(_data.FullName, mode | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute | UnixFileMode.OtherRead);
        // A shell's background job ignores SIGINT and hands that down; DevHost has to be told apart from its cradle.
        _run = ProgramRun.Start(["env", "--default-signal=INT", "dotnet", Repository.DevHost, "up", "--file", Repository.WriteRunFile(_data.FullName),
            "--data", Path.Combine(_data.FullName, "data"), "--port-offset", _offset.ToString(CultureInfo.InvariantCulture), .. _options]);
        await Eventually.UntilAsync(() => Task.FromResult(_run.Process.HasExited ? "ended" : IsReady ? "ready" : "starting"), state => state != "starting", 90);
        if (!IsReady) throw new InvalidOperationException($"DevHost ended:\n{Output}\n{_run.Errors}");
    }

    public virtual async ValueTask DisposeAsync()
    {
        Http.Dispose();
        var family = Processes.DescendantsOf(_run!.Process.Id);
        await Processes.SignalAsync(_run.Process.Id, "INT");
        var end = await _run.EndAsync(TimeSpan.FromSeconds(40));
        await Eventually.UntilAsync(() => Task.FromResult($"alive: {string.Join(' ', family.Where(Processes.Lives))}"), alive => alive == "alive: ", 10);
        _run.Dispose();
        _data.Delete(recursive: true);
        family.ShouldNotBeEmpty();
        end.ExitCode.ShouldBe(0, end.Output + end.Errors);
        GC.SuppressFinalize(this);
    }

    /// <summary>A fan nobody has been yet. Each has 1,000,000 points.</summary>
    public Client NextFan() => new(Http, $"test-user-{Interlocked.Increment(ref _fans)}");

    /// <summary>As many of them.</summary>
    public IReadOnlyList<Client> NextFans(int count) => [.. Enumerable.Range(0, count).Select(_ => NextFan())];

    /// <summary>A concert with one date, on sale, and a waiting room of its own.</summary>
    public Task<Sale> OpenSaleAsync() => Sale.OpenAsync(Http);

    /// <summary>The process id of an app as DevHost knows it.</summary>
    public int? PidOf(string app) =>
        JsonSerializer.Deserialize<Dictionary<string, int?>>(File.ReadAllText(Path.Combine(_data.FullName, "data", "running.json")))!.GetValueOrDefault(app);

    /// <summary>One value from a service's books.</summary>
    public async Task<long> CountAsync(string database, string sql)
    {
        var (host, port) = Postgres.Split(':') is [var h, var p] ? (h, p) : throw new InvalidOperationException(Postgres);
        await using var connection = new NpgsqlConnection($"Host={host};Port={port};Username=postgres;Database={database}");
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        return Convert.ToInt64(await command.ExecuteScalarAsync(), CultureInfo.InvariantCulture);
    }

    /// <summary>How much is written in all books: what changes nothing leaves it the same.</summary>
    public async Task<Books> BooksAsync() => new(
        await CountAsync("users", "SELECT count(*) FROM accounts"),
        await CountAsync("users", "SELECT count(*) FROM ledger"),
        await CountAsync("users", "SELECT sum(balance) FROM accounts"),
        await CountAsync("catalog", "SELECT count(*) FROM concerts"),
        await CountAsync("reservation", "SELECT count(*) FROM reservations"),
        await CountAsync("reservation", "SELECT count(*) FROM reservations WHERE status = 'HELD'"),
        await CountAsync("reservation", "SELECT count(*) FROM tickets"),
        await CountAsync("payment", "SELECT count(*) FROM payments"));

    /// <summary>Runs the rush program against this system.</summary>
    public async Task<ProgramEnd> RushAsync(params string[] arguments)
    {
        using var rush = ProgramRun.Start(["dotnet", Repository.Rush, .. arguments, "--url", Gateway.ToString(), "--postgres", Postgres]);
        return await rush.EndAsync(TimeSpan.FromSeconds(120));
    }
}

/// <summary>Rows and sums of all services' databases.</summary>
public sealed record Books(long Accounts, long Entries, long Points, long Concerts, long Reservations, long Held, long Tickets, long Payments);
