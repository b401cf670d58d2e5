using ConcertDapr.Contracts;
using ConcertDapr.ServiceDefaults;
using Dapper;
using Npgsql;

namespace ConcertDapr.Users;

/// <summary>How a top-up ended.</summary>
internal abstract record TopUpOutcome
{
    /// <summary>Done, now or under the same key before.</summary>
    public sealed record Added(Points Balance) : TopUpOutcome;

    /// <summary>The balance would leave its range.</summary>
    public sealed record OverLimit : TopUpOutcome;

    /// <summary>The key was used for another amount.</summary>
    public sealed record KeyReused : TopUpOutcome;

    /// <summary>There is no such account.</summary>
    public sealed record NoAccount : TopUpOutcome;
}

/// <summary>
/// Points. Every change is one statement that moves the balance and writes the ledger row under a unique reference:
/// a repeated effect violates the reference, and the whole statement with it.
/// </summary>
internal sealed class PointsLedger(Database database)
{
    private const string Move =
        """
        WITH moved AS (UPDATE accounts SET balance = balance + @amount
                       WHERE id = @account AND balance + @amount >= 0 RETURNING balance)
        INSERT INTO ledger (reference, account_id, kind, amount, balance_after)
        SELECT @reference, @account, @kind, @amount, balance FROM moved
        RETURNING balance_after
        """;

    /// <summary>The balance, or null where there is no account.</summary>
    public async Task<Points?> BalanceAsync(UserId user)
    {
        await using var connection = await database.OpenAsync();
        return await BalanceAsync(connection, user);
    }

    /// <summary>Ledger rows older than <paramref name="after"/>, newest first.</summary>
    public async Task<LedgerPage> HistoryAsync(UserId user, long? after, int limit)
    {
        await using var connection = await database.OpenAsync();
        var rows = (await connection.QueryAsync<Row>(
            """
            SELECT id, reference, kind, amount, balance_after, at FROM ledger
            WHERE account_id = @Value AND id < @before ORDER BY id DESC LIMIT @limit
            """, new { user.Value, before = after ?? long.MaxValue, limit })).AsList();
        var entries = rows.ConvertAll(r => new LedgerEntry(r.Reference, r.Kind, new(r.Amount), new(r.Balance_After), r.At));
        return new LedgerPage(entries, rows.Count == limit ? rows[^1].Id : null);
    }

    /// <summary>Adds points, once per idempotency key.</summary>
    public async Task<TopUpOutcome> TopUpAsync(UserId user, Points amount, string? idempotencyKey)
    {
        var reference = idempotencyKey is null ? $"top-up:{Guid.CreateVersion7()}" : $"top-up:{user}:{idempotencyKey}";
        await using var connection = await database.OpenAsync();
        try
        {
            if (await MoveAsync(connection, reference, user, "TOP_UP", amount.Value) is not { } balance) return new TopUpOutcome.NoAccount();
            UsersMetrics.Charged.Add(amount.Value);
            return new TopUpOutcome.Added(new(balance));
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.CheckViolation)
        {
            return new TopUpOutcome.OverLimit();
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.UniqueViolation)
        {
            var first = await FindAsync(connection, reference);
            return first!.Amount == amount.Value ? new TopUpOutcome.Added(new(first.Balance_After)) : new TopUpOutcome.KeyReused();
        }
    }

    /// <summary>Spends points for a payment, once. Refused: INSUFFICIENT_POINTS, ACCOUNT_NOT_FOUND, CHARGE_BARRED after its refund.</summary>
    public async Task<StepResult> UseAsync(UsePointsRequest request)
    {
        if (request.Amount.Value < 1) return new("INVALID_AMOUNT", "Only a positive amount can be spent.");
        await using var connection = await database.OpenAsync();
        try
        {
            if (await MoveAsync(connection, Charge(request.PaymentId), request.UserId, "CHARGE", -request.Amount.Value) is not null)
            {
                UsersMetrics.Used.Add(request.Amount.Value);
                return StepResult.Done;
            }
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.UniqueViolation)
        {
            // Charged or barred before; the ledger tells which.
        }
        // Also where the balance did not suffice: it may be this very charge, repeated, that emptied it.
        if (await FindAsync(connection, Charge(request.PaymentId)) is { } first) return Repeated(first, request);
        return await BalanceAsync(connection, request.UserId) is null
            ? new("ACCOUNT_NOT_FOUND", "There is no such account.")
            : new("INSUFFICIENT_POINTS", "The balance does not cover the price.");
    }

    /// <summary>Gives a payment's points back, once. Where the charge has not arrived, a VOID row bars it for good.</summary>
    public async Task<StepResult> RefundAsync(RefundPointsRequest request)
    {
        await using var connection = await database.OpenAsync();
        var barred = await connection.ExecuteAsync(
            """
            INSERT INTO ledger (reference, account_id, kind, amount, balance_after)
            SELECT @reference, id, 'VOID', 0, balance FROM accounts WHERE id = @Value
            ON CONFLICT (reference) DO NOTHING
            """, new { reference = Charge(request.PaymentId), request.UserId.Value });
        if (barred == 1) return StepResult.Done;
        if (await FindAsync(connection, Charge(request.PaymentId)) is not { Kind: "CHARGE" } charge) return StepResult.Done;
        try
        {
            await MoveAsync(connection, $"{request.PaymentId}:refund", request.UserId, "REFUND", -charge.Amount);
            UsersMetrics.Refunded.Add(-charge.Amount);
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.UniqueViolation)
        {
            // Refunded before.
        }
        return StepResult.Done;
    }

    private static string Charge(PaymentId payment) => $"{payment}:charge";

    private static StepResult Repeated(Row first, UsePointsRequest request) => first.Kind switch
    {
        "CHARGE" when first.Amount == -request.Amount.Value && !first.Refunded => StepResult.Done,
        "CHARGE" when first.Refunded => new("CHARGE_BARRED", "This payment was refunded."),
        "CHARGE" => new("CHARGE_DIFFERS", "This payment was charged another amount."),
        _ => new("CHARGE_BARRED", "This payment was undone before its charge arrived."),
    };

    // On the connection at hand: asking the pool for a second one while holding the first stops everybody once the pool is empty.
    private static async Task<Points?> BalanceAsync(NpgsqlConnection connection, UserId user)
    {
        var balance = await connection.QuerySingleOrDefaultAsync<long?>("SELECT balance FROM accounts WHERE id = @Value", new { user.Value });
        return balance is { } value ? new Points(value) : null;
    }

    private static Task<long?> MoveAsync(NpgsqlConnection connection, string reference, UserId user, string kind, long amount) =>
        connection.QuerySingleOrDefaultAsync<long?>(Move, new { reference, account = user.Value, kind, amount });

    private static Task<Row?> FindAsync(NpgsqlConnection connection, string reference) => connection.QuerySingleOrDefaultAsync<Row?>(
        """
        SELECT id, reference, kind, amount, balance_after, at,
               EXISTS (SELECT 1 FROM ledger r WHERE r.reference = replace(l.reference, ':charge', ':refund') AND r.kind = 'REFUND') AS refunded
        FROM ledger l WHERE reference = @reference
        """, new { reference });

    private sealed class Row
    {
        public long Id { get; init; }
        public string Reference { get; init; } = "";
        public string Kind { get; init; } = "";
        public long Amount { get; init; }
        public long Balance_After { get; init; }
        public DateTimeOffset At { get; init; }
        public bool Refunded { get; init; }
    }
}
