using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using ConcertDapr.ServiceDefaults;
using Dapper;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

[assembly: AssemblyFixture(typeof(ConcertDapr.Tests.PostgresServer))]

namespace ConcertDapr.Tests;

/// <summary>
/// A Postgres server of this test run, empty at the start. A shell owns server and data and takes both away when this process
/// closes the pipe to it, which also happens when this process dies.
/// </summary>
public sealed class PostgresServer : IAsyncLifetime
{
    private const string Script =
        """
        set -eu
        command -v postgres >/dev/null || PATH=$PATH:$(ls -d /usr/lib/postgresql/*/bin | tail -n 1)
        folder=$(mktemp -d)
        trap 'rm -rf "$folder"' EXIT
        initdb --no-sync -A trust -U postgres -D "$folder/data" >"$folder/log" 2>&1 || { cat "$folder/log"; exit 1; }
        postgres -D "$folder/data" -k "$folder" -h 127.0.0.1 -p "$1" -c fsync=off -c max_connections=200 </dev/null >"$folder/log" 2>&1 &
        cat >/dev/null
        kill -INT $!
        wait $! || true
        """;

    private readonly int _port = FreePort();
    private readonly Process _shell;

    public PostgresServer()
    {
        DefaultTypeMap.MatchNamesWithUnderscores = true;
        // Postgres does not run as root.
        string[] asUser = Environment.UserName == "root" ? ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups"] : [];
        string[] command = [.. asUser, "sh", "-c", Script, "postgres", _port.ToString(CultureInfo.InvariantCulture)];
        var start = new ProcessStartInfo(command[0], command[1..]) { WorkingDirectory = "/tmp", RedirectStandardInput = true, RedirectStandardOutput = true };
        _shell = new Process { StartInfo = start };
    }

    public async ValueTask InitializeAsync()
    {
        _shell.Start();
        var until = DateTime.UtcNow.AddSeconds(60);
        while (!await AnswersAsync())
        {
            if (_shell.HasExited) throw new InvalidOperationException($"Postgres did not start: {await _shell.StandardOutput.ReadToEndAsync()}");
            if (DateTime.UtcNow > until) throw new TimeoutException("Postgres does not answer.");
            await Task.Delay(50);
        }
    }

    public async ValueTask DisposeAsync()
    {
        _shell.StandardInput.Close();
        await _shell.WaitForExitAsync();
        _shell.Dispose();
    }

    /// <summary>A database of its own, with a service's schema.</summary>
    public async Task<Database> CreateAsync<TService>(int poolSize = 50)
    {
        var settings = new DatabaseSettings("127.0.0.1", _port, "postgres", null, $"test_{Guid.NewGuid():N}", poolSize, SslMode.Prefer, Create: true, Migrate: true);
        var source = NpgsqlDataSource.Create(settings.ConnectionString(settings.Name, settings.PoolSize));
        var database = new Database(source, settings, typeof(TService).Assembly, NullLogger<Database>.Instance);
        await database.PrepareAsync();
        return database;
    }

    private async Task<bool> AnswersAsync()
    {
        try
        {
            await using var connection = new NpgsqlConnection($"Host=127.0.0.1;Port={_port};Username=postgres;Database=postgres;Timeout=2;Pooling=false");
            await connection.OpenAsync();
            return true;
        }
        catch (NpgsqlException)
        {
            return false;
        }
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
