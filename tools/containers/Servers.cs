using System.Net.Sockets;

namespace ConcertDapr.Containers;

/// <summary>Redis and Postgres, which the chart does not bring; their data ends with them.</summary>
internal sealed class Servers(Chart chart, string image)
{
    public const string Redis = "redis";
    public const string Postgres = "postgres";
    public const int RedisPort = 6379;
    public const int PostgresPort = 5432;

    private const string StartPostgres =
        """
        bin=$(echo /usr/lib/postgresql/*/bin); printf %s "$PGPASSWORD" >/data/password
        "$bin/initdb" --no-sync -A scram-sha-256 -U postgres --pwfile=/data/password -D /data/postgres >/data/initdb.log || { cat /data/initdb.log; exit 1; }
        exec "$bin/postgres" -D /data/postgres -k /data -h 127.0.0.1 -c max_connections=200 -c fsync=off
        """;

    public string PostgresPassword => chart.Secret("concert-dapr", "postgres-password");

    public ContainerSpec RedisSpec => new(Redis, image, ["--user=redis", "--tmpfs=/data:rw,mode=1777", "--entrypoint=redis-server"],
        ["--bind", "127.0.0.1", "--appendonly", "yes", "--dir", "/data", "--requirepass", chart.Secret("concert-dapr", "redis-password")]);

    public ContainerSpec PostgresSpec => new(Postgres, image,
        ["--user=postgres", "--tmpfs=/data:rw,mode=1777", $"--env=PGPASSWORD={PostgresPassword}", "--entrypoint=sh", "--stop-signal=SIGINT"], ["-ec", StartPostgres]);

    /// <summary>Whether a server takes connections.</summary>
    public static async Task<bool> AnswersAsync(int port, CancellationToken stop)
    {
        using var client = new TcpClient();
        try
        {
            await client.ConnectAsync("127.0.0.1", port, stop);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
