using System.Net.Sockets;
using System.Text;
using Npgsql;

namespace ConcertDapr.DevHost;

/// <summary>Redis and Postgres: used where they serve their port already, started otherwise, with data that survives.</summary>
internal static class Servers
{
    private static readonly Dictionary<string, string> s_noEnvironment = [];

    /// <summary>Redis with an append-only file. Null where one served the port already.</summary>
    public static async Task<Child?> RedisAsync(int port, string data, Action<string> print)
    {
        if (await IsThereAsync(port, "Redis", AnswersPingAsync)) return null;
        var folder = Directory.CreateDirectory(Path.Combine(data, "redis")).FullName;
        var child = await Child.StartAsync("redis", [Find("redis-server"), "--port", $"{port}", "--bind", "127.0.0.1", "--dir", folder, "--appendonly", "yes",
            "--appendfsync", "everysec", "--save", "", "--daemonize", "no", "--loglevel", "warning"], folder, s_noEnvironment, print);
        await UntilAsync("Redis", child, () => AnswersPingAsync(port));
        return child;
    }

    /// <summary>Postgres. Null where one served the port already.</summary>
    public static async Task<Child?> PostgresAsync(int port, string data, Action<string> print)
    {
        if (await IsThereAsync(port, "Postgres", AnswersSqlAsync)) return null;
        var folder = PostgresFolder(data);
        var asUser = Posix.IsRoot ? new[] { "setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups", "--" } : [];
        if (!File.Exists(Path.Combine(folder, "PG_VERSION")))
            await RunAsync([.. asUser, FindPostgres("initdb"), "--no-sync", "-A", "trust", "-U", "postgres", "-D", folder]);
        // A second setpriv after the user changed: the kernel forgets the death signal when credentials change.
        var child = await Child.StartAsync("postgres", [.. asUser, "setpriv", "--pdeathsig", "INT", "--", FindPostgres("postgres"), "-D", folder, "-k", folder,
            "-p", $"{port}", "-h", "127.0.0.1", "-c", "max_connections=300"], "/", s_noEnvironment, print, Posix.Interrupt);
        await UntilAsync("Postgres", child, () => AnswersSqlAsync(port));
        return child;
    }

    /// <summary>The file of a program on the PATH.</summary>
    public static string? Which(string program) => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':')
        .Select(folder => Path.Combine(folder, program)).FirstOrDefault(File.Exists);

    /// <summary>Where Postgres keeps its data: as root, a folder the user postgres can reach.</summary>
    public static string PostgresFolder(string data)
    {
        var folder = Path.Combine(data, "postgres");
        if (!Posix.IsRoot) return Directory.CreateDirectory(folder).FullName;
        if (!Directory.Exists(folder))
        {
            var real = IsReachableByAll(data) ? folder : Directory.CreateDirectory($"/var/lib/concert-dapr-{Math.Abs(StableHash(data)):x8}").FullName;
            if (real != folder) Directory.CreateSymbolicLink(folder, real);
            Directory.CreateDirectory(real);
            RunAsync(["chown", "postgres:postgres", real]).GetAwaiter().GetResult();
            RunAsync(["chmod", "700", real]).GetAwaiter().GetResult();
        }
        return Directory.ResolveLinkTarget(folder, true)?.FullName ?? folder;
    }

    /// <summary>Whether a server is to be used as it is. One that neither answers nor lets go of its port may be ending from a run before.</summary>
    private static async Task<bool> IsThereAsync(int port, string what, Func<int, Task<bool>> answers)
    {
        var until = DateTime.UtcNow.AddSeconds(15);
        while (!await answers(port))
        {
            if (Ports.IsFree(port)) return false;
            if (DateTime.UtcNow > until) Ports.RequireFree([(port, what)]);
            await Task.Delay(100);
        }
        return true;
    }

    private static bool IsReachableByAll(string path)
    {
        for (var folder = new DirectoryInfo(path); folder is not null; folder = folder.Parent)
            if (folder.Exists && !File.GetUnixFileMode(folder.FullName).HasFlag(UnixFileMode.OtherExecute)) return false;
        return true;
    }

    private static int StableHash(string text) => text.Aggregate(17, (hash, c) => unchecked(hash * 31 + c));

    private static string Find(string program) =>
        Which(program) ?? throw new DevHostException($"{program} is not installed (make up installs it on Debian and Ubuntu)");

    private static string FindPostgres(string program) => Which(program)
        ?? (Directory.Exists("/usr/lib/postgresql") ? Directory.GetDirectories("/usr/lib/postgresql") : [])
            .OrderByDescending(d => d, StringComparer.Ordinal).Select(d => Path.Combine(d, "bin", program)).FirstOrDefault(File.Exists)
        ?? throw new DevHostException($"PostgreSQL's {program} is not installed (make up installs it on Debian and Ubuntu)");

    private static async Task RunAsync(IReadOnlyList<string> command)
    {
        var said = new StringBuilder();
        var child = await Child.StartAsync(command[0], command, "/", s_noEnvironment, line => { lock (said) said.AppendLine(line); });
        await child.Process.WaitForExitAsync();
        if (child.Process.ExitCode != 0) throw new DevHostException($"{string.Join(' ', command)} failed: {said}");
    }

    private static async Task UntilAsync(string what, Child child, Func<Task<bool>> answers)
    {
        var until = DateTime.UtcNow.AddSeconds(20);
        while (!await answers())
        {
            if (child.Process.HasExited) throw new DevHostException($"{what} ended with code {child.Process.ExitCode} while starting");
            if (DateTime.UtcNow > until) throw new DevHostException($"{what} does not answer after 20 s");
            await Task.Delay(50);
        }
    }

    private static async Task<bool> AnswersPingAsync(int port)
    {
        try
        {
            using var client = new TcpClient();
            using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(2));
            await client.ConnectAsync("127.0.0.1", port, patience.Token);
            var stream = client.GetStream();
            await stream.WriteAsync("PING\r\n"u8.ToArray(), patience.Token);
            var buffer = new byte[64];
            return Encoding.ASCII.GetString(buffer, 0, await stream.ReadAsync(buffer, patience.Token)).StartsWith("+PONG", StringComparison.Ordinal);
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException or IOException)
        {
            return false;
        }
    }

    private static async Task<bool> AnswersSqlAsync(int port)
    {
        try
        {
            await using var source = NpgsqlDataSource.Create($"Host=127.0.0.1;Port={port};Username=postgres;Database=postgres;Timeout=2;Pooling=false");
            await using var connection = await source.OpenConnectionAsync();
            return true;
        }
        catch (Exception e) when (e is NpgsqlException or SocketException)
        {
            return false;
        }
    }
}
