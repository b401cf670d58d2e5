using System.Text.Json;
using ConcertDapr.Contracts;
using ConcertDapr.ServiceDefaults;
using Dapper;
using Npgsql;

namespace ConcertDapr.Payment;

/// <summary>A payment's row.</summary>
internal sealed record PaymentRow(PaymentOrder Order, PaymentStatus Status, string? Reason)
{
    /// <summary>Whether the saga has ended for good.</summary>
    public bool IsOver => Status is PaymentStatus.Completed or PaymentStatus.Failed;

    /// <summary>As callers see it.</summary>
    public PaymentResponse ToResponse(IReadOnlyList<PaymentStep>? steps = null) =>
        new(Order.PaymentId, Order.ReservationId, Order.Amount, Status, Reason, steps);
}

/// <summary>How recording a new payment ended.</summary>
internal enum AddVerdict
{
    /// <summary>This request's row was written.</summary>
    Added,
    /// <summary>A row of this id exists: the request is a repetition.</summary>
    Exists,
    /// <summary>Another payment of the same reservation is under way or done.</summary>
    AnotherPayment,
}

/// <summary>Payments and their timelines in Postgres: the outcome everybody can look up.</summary>
internal sealed class PaymentStore(Database database)
{
    private const string Columns = "id, user_id, reservation_id, concert_id, amount, queue_sequence, queue_target, status, reason";

    private const string Note =
        """
        INSERT INTO payment_steps (payment_id, step, outcome) VALUES (@id, @step, @outcome)
        ON CONFLICT (payment_id, step) DO UPDATE SET outcome = excluded.outcome
        """;

    /// <summary>Writes the PENDING row that decides who starts the saga.</summary>
    public async Task<AddVerdict> AddAsync(PaymentOrder order)
    {
        await using var connection = await database.OpenAsync();
        try
        {
            var added = await connection.ExecuteAsync(
                """
                INSERT INTO payments (id, user_id, reservation_id, concert_id, amount, queue_sequence, queue_target, status)
                VALUES (@id, @user, @reservation, @concert, @amount, @sequence, @target, 'PENDING') ON CONFLICT (id) DO NOTHING
                """, new
                {
                    id = order.PaymentId.Value,
                    user = order.UserId.Value,
                    reservation = order.ReservationId.Value,
                    concert = order.ConcertId.Value,
                    amount = order.Amount.Value,
                    sequence = order.QueueSequence,
                    target = order.QueueTarget?.Value,
                });
            return added == 1 ? AddVerdict.Added : AddVerdict.Exists;
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.UniqueViolation)
        {
            return AddVerdict.AnotherPayment;
        }
    }

    /// <summary>A payment, or null.</summary>
    public async Task<PaymentRow?> FindAsync(PaymentId id)
    {
        await using var connection = await database.OpenAsync();
        return (await connection.QuerySingleOrDefaultAsync<Row>($"SELECT {Columns} FROM payments WHERE id = @Value", new { id.Value }))?.ToRow();
    }

    /// <summary>The saga's steps in order of first execution.</summary>
    public async Task<IReadOnlyList<PaymentStep>> StepsAsync(PaymentId id)
    {
        await using var connection = await database.OpenAsync();
        var steps = await connection.QueryAsync<(string Step, string Outcome, DateTime At)>(
            "SELECT step, outcome, at FROM payment_steps WHERE payment_id = @Value ORDER BY id", new { id.Value });
        return [.. steps.Select(s => new PaymentStep(s.Step, s.Outcome, s.At))];
    }

    /// <summary>The saga runs: notes its first step's outcome and hands it on.</summary>
    public async Task<StepResult> BeginAsync(PaymentId id, string step, StepResult result)
    {
        await using var connection = await database.OpenAsync();
        await connection.ExecuteAsync(
            $"""
            WITH begun AS (UPDATE payments SET status = 'PROCESSING', updated_at = now() WHERE id = @id AND status IN ('PENDING', 'COMPENSATION_STUCK'))
            {Note}
            """, new { id = id.Value, step, outcome = result.Code ?? "DONE" });
        return result;
    }

    /// <summary>Notes a step's outcome, the latest one where it was repeated, and hands it on.</summary>
    public async Task<StepResult> RecordAsync(PaymentId id, string step, StepResult result)
    {
        await using var connection = await database.OpenAsync();
        await connection.ExecuteAsync(Note, new { id = id.Value, step, outcome = result.Code ?? "DONE" });
        return result;
    }

    /// <summary>Ends a payment. An end that was reached before stays: it is the same one, repeated.</summary>
    public async Task EndAsync(PaymentId id, PaymentStatus status, string? reason, string step)
    {
        await using var connection = await database.OpenAsync();
        var took = await connection.QuerySingleOrDefaultAsync<TimeSpan?>(
            """
            WITH ended AS (UPDATE payments SET status = @status, reason = @reason, updated_at = now()
                           WHERE id = @id AND status IN ('PENDING', 'PROCESSING', 'COMPENSATION_STUCK') RETURNING now() - created_at AS took),
                 noted AS (INSERT INTO payment_steps (payment_id, step, outcome) VALUES (@id, @step, 'DONE') ON CONFLICT (payment_id, step) DO NOTHING)
            SELECT took FROM ended
            """, new { id = id.Value, status = JsonNamingPolicy.SnakeCaseUpper.ConvertName(status.ToString()), reason, step });
        PaymentMetrics.Ended(status, took);
    }

    /// <summary>How many payments should have ended by now, and how many of them could not be undone.</summary>
    public async Task<Backlog> BacklogAsync(TimeSpan olderThan)
    {
        await using var connection = await database.OpenAsync();
        return await connection.QuerySingleAsync<Backlog>(
            """
            SELECT count(*) FILTER (WHERE created_at < now() - @olderThan) AS overdue, count(*) FILTER (WHERE status = 'COMPENSATION_STUCK') AS stuck
            FROM payments WHERE status IN ('PENDING', 'PROCESSING', 'COMPENSATION_STUCK')
            """, new { olderThan });
    }

    /// <summary>Payments that should have ended by now.</summary>
    public async Task<IReadOnlyList<PaymentRow>> UnfinishedAsync(TimeSpan olderThan)
    {
        await using var connection = await database.OpenAsync();
        var rows = await connection.QueryAsync<Row>(
            $"""
            SELECT {Columns} FROM payments
            WHERE status IN ('PENDING', 'PROCESSING', 'COMPENSATION_STUCK') AND updated_at < now() - @olderThan
            ORDER BY updated_at LIMIT 200
            """, new { olderThan });
        return [.. rows.Select(r => r.ToRow())];
    }

    /// <summary>Puts a payment at the end of the reconciler's list.</summary>
    public async Task TouchAsync(PaymentId id)
    {
        await using var connection = await database.OpenAsync();
        await connection.ExecuteAsync("UPDATE payments SET updated_at = now() WHERE id = @Value", new { id.Value });
    }

    private sealed class Row
    {
        public Guid Id { get; init; }
        public long User_Id { get; init; }
        public Guid Reservation_Id { get; init; }
        public long Concert_Id { get; init; }
        public long Amount { get; init; }
        public long Queue_Sequence { get; init; }
        public long? Queue_Target { get; init; }
        public string Status { get; init; } = "";
        public string? Reason { get; init; }

        public PaymentRow ToRow() => new(
            new(new(Id), new(User_Id), new(Reservation_Id), new(Concert_Id), new(Amount), Queue_Sequence, Queue_Target is { } target ? new ConcertId(target) : null),
            Enum.Parse<PaymentStatus>(Status.Replace("_", "", StringComparison.Ordinal), ignoreCase: true), Reason);
    }
}
