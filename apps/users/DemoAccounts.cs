using ConcertDapr.ServiceDefaults;
using Dapper;

namespace ConcertDapr.Users;

/// <summary>Demo data (<c>Demo:Seed</c>): accounts 1 to 10,000 with a million points each. Nobody can log in to them; test users can act as them.</summary>
internal sealed class DemoAccounts(Database database) : IHostedService
{
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenAsync(cancellationToken);
        await connection.ExecuteAsync(
            """
            WITH added AS (
                INSERT INTO accounts (id, email, name, password_hash, balance)
                SELECT n, 'fan' || n || '@example.org', 'Fan ' || n, '', 1000000 FROM generate_series(1, 10000) n
                ON CONFLICT DO NOTHING RETURNING id, balance)
            INSERT INTO ledger (reference, account_id, kind, amount, balance_after)
            SELECT 'opening:' || id, id, 'OPENING', balance, balance FROM added
            """);
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
