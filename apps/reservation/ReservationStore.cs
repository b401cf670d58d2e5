using ConcertDapr.Contracts;
using ConcertDapr.ServiceDefaults;
using Dapper;
using Npgsql;

namespace ConcertDapr.Reservation;

/// <summary>A reservation's row.</summary>
internal sealed record ReservationRow(ReservationId Id, UserId User, ShowId Show, IReadOnlyList<SeatId> Seats, Points Amount, string Request,
    ReservationStatus Status, DateTimeOffset ExpiresAt, PaymentId? Payment, long Number)
{
    /// <summary>The status at an instant: time decides, not who tidied up.</summary>
    public ReservationStatus StatusAt(DateTimeOffset now) =>
        Status == ReservationStatus.Held && ExpiresAt <= now ? ReservationStatus.Expired : Status;

    /// <summary>Seats by block, in the order in which blocks are taken.</summary>
    public IEnumerable<(int Block, List<int> Numbers)> ByBlock() => ByBlock(Seats);

    /// <summary>Seats by block, in the order in which blocks are taken.</summary>
    public static IEnumerable<(int Block, List<int> Numbers)> ByBlock(IEnumerable<SeatId> seats) =>
        seats.GroupBy(s => s.Block).OrderBy(g => g.Key).Select(g => (g.Key, g.Select(s => s.Number).Order().ToList()));
}

/// <summary>How selling a reservation's seats ended in Postgres.</summary>
internal enum SaleVerdict
{
    /// <summary>Tickets exist, now or before, for this payment.</summary>
    Sold,
    /// <summary>The reservation was released, or belongs to another payment.</summary>
    Released,
    /// <summary>A seat has another's ticket.</summary>
    SeatSold,
}

/// <summary>Reservations and tickets in Postgres, where confirm and release of one reservation meet and one of them wins.</summary>
internal sealed class ReservationStore(Database database)
{
    private const string Columns = "id, user_id, show_id, seats, amount, request, status, expires_at, payment_id, number";

    /// <summary>Stores a hold; where the id exists already (a repeated request), returns what is there.</summary>
    public async Task<ReservationRow> AddAsync(ReservationRow row)
    {
        await using var connection = await database.OpenAsync();
        var added = await connection.QuerySingleOrDefaultAsync<Row>(
            $"""
            INSERT INTO reservations (id, user_id, show_id, seats, amount, request, status, expires_at)
            VALUES (@id, @user, @show, @seats, @amount, @request, 'HELD', @expires) ON CONFLICT (id) DO NOTHING RETURNING {Columns}
            """, new
            {
                id = row.Id.Value,
                user = row.User.Value,
                show = row.Show.Value,
                seats = row.Seats.Select(s => s.Value).ToArray(),
                amount = row.Amount.Value,
                request = row.Request,
                expires = row.ExpiresAt,
            });
        return (added ?? await FindAsync(connection, row.Id))!.ToRow();
    }

    /// <summary>A reservation, or null.</summary>
    public async Task<ReservationRow?> FindAsync(ReservationId id)
    {
        await using var connection = await database.OpenAsync();
        return (await FindAsync(connection, id))?.ToRow();
    }

    /// <summary>The reservation with this number, or null.</summary>
    public async Task<ReservationRow?> FindAsync(long number)
    {
        await using var connection = await database.OpenAsync();
        return (await connection.QuerySingleOrDefaultAsync<Row>($"SELECT {Columns} FROM reservations WHERE number = @number", new { number }))?.ToRow();
    }

    /// <summary>A fan's reservations, newest first, at most 200.</summary>
    public async Task<IReadOnlyList<ReservationRow>> OfUserAsync(UserId user)
    {
        await using var connection = await database.OpenAsync();
        var rows = await connection.QueryAsync<Row>(
            $"SELECT {Columns} FROM reservations WHERE user_id = @Value ORDER BY created_at DESC LIMIT 200", new { user.Value });
        return [.. rows.Select(r => r.ToRow())];
    }

    /// <summary>Marks of every sold or validly held seat of a show, to rebuild blocks from.</summary>
    public async Task<IReadOnlyList<(SeatId Seat, SeatMark Mark)>> MarksAsync(ShowId show)
    {
        await using var connection = await database.OpenAsync();
        var marks = new List<(SeatId, SeatMark)>();
        var held = await connection.QueryAsync<Row>($"SELECT {Columns} FROM reservations WHERE show_id = @Value AND status = 'HELD'", new { show.Value });
        var sold = await connection.QueryAsync<(long Seat, Guid Reservation)>(
            "SELECT seat_id, reservation_id FROM tickets WHERE show_id = @Value", new { show.Value });
        var tickets = sold.ToDictionary(t => t.Seat, t => t.Reservation);
        foreach (var row in held)
            foreach (var seat in row.Seats.Where(s => !tickets.ContainsKey(s)))
                marks.Add((new(seat), new(new(row.Id), SeatState.Held, row.Expires_At.ToUnixTimeMilliseconds())));
        foreach (var (seat, reservation) in tickets) marks.Add((new(seat), new(new(reservation), SeatState.Sold, 0)));
        return [.. marks.DistinctBy(m => m.Item1)];
    }

    /// <summary>Sells: the row turns CONFIRMED and tickets appear, together or not at all.</summary>
    public async Task<SaleVerdict> SellAsync(ReservationId id, PaymentId payment)
    {
        await using var connection = await database.OpenAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        var row = await connection.QuerySingleOrDefaultAsync<Row>(
            $"SELECT {Columns} FROM reservations WHERE id = @Value FOR UPDATE", new { id.Value }, transaction);
        if (row is null || row.Status == "CANCELLED") return SaleVerdict.Released;
        if (row.Status == "CONFIRMED") return row.Payment_Id == payment.Value ? SaleVerdict.Sold : SaleVerdict.Released;
        try
        {
            await connection.ExecuteAsync(
                """
                UPDATE reservations SET status = 'CONFIRMED', payment_id = @payment WHERE id = @id;
                INSERT INTO tickets (show_id, seat_id, reservation_id, payment_id, user_id)
                SELECT @show, seat, @id, @payment, @user FROM unnest(@seats) seat
                """, new { id = id.Value, payment = payment.Value, show = row.Show_Id, user = row.User_Id, seats = row.Seats }, transaction);
            await transaction.CommitAsync();
            return SaleVerdict.Sold;
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.UniqueViolation)
        {
            return SaleVerdict.SeatSold;
        }
    }

    /// <summary>Releases for a payment's saga: tickets of that payment go, the row turns CANCELLED for good. False where another payment bought it.</summary>
    public async Task<bool> ReleaseAsync(ReservationId id, PaymentId payment)
    {
        await using var connection = await database.OpenAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        var released = await connection.ExecuteAsync(
            "UPDATE reservations SET status = 'CANCELLED' WHERE id = @id AND (status <> 'CONFIRMED' OR payment_id = @payment)",
            new { id = id.Value, payment = payment.Value }, transaction);
        if (released == 1)
            await connection.ExecuteAsync("DELETE FROM tickets WHERE reservation_id = @id", new { id = id.Value }, transaction);
        await transaction.CommitAsync();
        return released == 1;
    }

    /// <summary>Cancels an unpaid reservation; returns the row as it is afterwards.</summary>
    public async Task<ReservationRow?> CancelAsync(ReservationId id)
    {
        await using (var connection = await database.OpenAsync())
            await connection.ExecuteAsync("UPDATE reservations SET status = 'CANCELLED' WHERE id = @Value AND status = 'HELD'", new { id.Value });
        return await FindAsync(id);
    }

    /// <summary>Ends a confirm that never did: true where tickets exist, otherwise the reservation is barred from ever getting them.</summary>
    public async Task<bool> SettleAsync(ReservationId id)
    {
        await using var connection = await database.OpenAsync();
        await connection.ExecuteAsync("UPDATE reservations SET status = 'CANCELLED' WHERE id = @Value AND status IN ('HELD', 'EXPIRED')", new { id.Value });
        return await connection.QuerySingleOrDefaultAsync<string>("SELECT status FROM reservations WHERE id = @Value", new { id.Value }) == "CONFIRMED";
    }

    /// <summary>Holds of a show that ran out and were not announced yet.</summary>
    public async Task<IReadOnlyList<ReservationRow>> RanOutAsync(ShowId show, DateTimeOffset now, int limit)
    {
        await using var connection = await database.OpenAsync();
        var rows = await connection.QueryAsync<Row>(
            $"SELECT {Columns} FROM reservations WHERE show_id = @Value AND status = 'HELD' AND expires_at <= @now ORDER BY expires_at LIMIT @limit",
            new { show.Value, now, limit });
        return [.. rows.Select(r => r.ToRow())];
    }

    /// <summary>Notes that a hold's end was announced. Does nothing where it was paid or cancelled meanwhile.</summary>
    public async Task ExpireAsync(ReservationId id)
    {
        await using var connection = await database.OpenAsync();
        await connection.ExecuteAsync("UPDATE reservations SET status = 'EXPIRED' WHERE id = @Value AND status = 'HELD'", new { id.Value });
    }

    /// <summary>Whether a show has holds, run out or not.</summary>
    public async Task<bool> HasHeldAsync(ShowId show)
    {
        await using var connection = await database.OpenAsync();
        return await connection.QuerySingleAsync<bool>("SELECT EXISTS (SELECT 1 FROM reservations WHERE show_id = @Value AND status = 'HELD')", new { show.Value });
    }

    /// <summary>Shows with holds whose end must be watched for.</summary>
    public async Task<IReadOnlyList<ShowId>> WatchedShowsAsync()
    {
        await using var connection = await database.OpenAsync();
        return [.. (await connection.QueryAsync<long>("SELECT DISTINCT show_id FROM reservations WHERE status = 'HELD'")).Select(s => new ShowId(s))];
    }

    // On the connection at hand: asking the pool for a second one while holding the first stops everybody once the pool is empty.
    private static Task<Row?> FindAsync(NpgsqlConnection connection, ReservationId id) =>
        connection.QuerySingleOrDefaultAsync<Row>($"SELECT {Columns} FROM reservations WHERE id = @Value", new { id.Value });

    private sealed class Row
    {
        public Guid Id { get; init; }
        public long User_Id { get; init; }
        public long Show_Id { get; init; }
        public long[] Seats { get; init; } = [];
        public long Amount { get; init; }
        public string Request { get; init; } = "";
        public string Status { get; init; } = "";
        public DateTimeOffset Expires_At { get; init; }
        public Guid? Payment_Id { get; init; }
        public long Number { get; init; }

        public ReservationRow ToRow() => new(new(Id), new(User_Id), new(Show_Id), [.. Seats.Select(s => new SeatId(s))], new(Amount), Request,
            Enum.Parse<ReservationStatus>(Status, ignoreCase: true), Expires_At, Payment_Id is { } p ? new PaymentId(p) : null, Number);
    }
}
