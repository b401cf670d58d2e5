using System.Globalization;
using System.Text.Json;
using ConcertDapr.Contracts;
using Dapper;
using Npgsql;

namespace ConcertDapr.Rush;

/// <summary>
/// Compares the books of the running system: users (ledger), reservation (tickets), payment (sagas) and the waiting rooms.
/// Reads only. Sagas under way are waited for first.
/// </summary>
internal sealed class Audit(string postgres, HttpClient http)
{
    /// <summary>Everything that is wrong; empty is clean.</summary>
    public async Task<IReadOnlyList<string>> RunAsync(IEnumerable<Sale> sales)
    {
        var violations = new List<string>();
        await SettledAsync(violations);
        var payments = await QueryAsync<PaymentRow>("payment", "SELECT id, user_id, reservation_id, amount, status FROM payments");
        var reservations = await QueryAsync<ReservationRow>("reservation", "SELECT id, show_id, seats, status, payment_id FROM reservations");
        var tickets = await QueryAsync<TicketRow>("reservation", "SELECT show_id, seat_id, reservation_id, payment_id FROM tickets");
        CheckTickets(violations, tickets, reservations, payments);
        await CheckMoneyAsync(violations, payments);
        CheckFailures(violations, payments, reservations, tickets);
        foreach (var show in reservations.Select(r => r.Show_Id).Distinct()) await CheckMapAsync(violations, show, tickets);
        foreach (var concert in reservations.Select(r => r.Show_Id / 1000).Concat(sales.Select(s => s.Concert.Value)).Distinct()) await CheckRoomAsync(violations, concert);
        return violations;
    }

    /// <summary>What was compared, in numbers.</summary>
    public async Task<string> SummaryAsync()
    {
        var tickets = await ScalarAsync("reservation", "SELECT count(*) FROM tickets");
        var completed = await ScalarAsync("payment", "SELECT count(*) FROM payments WHERE status = 'COMPLETED'");
        var failed = await ScalarAsync("payment", "SELECT count(*) FROM payments WHERE status = 'FAILED'");
        return $"{tickets} tickets, {completed} completed and {failed} failed payments";
    }

    private async Task SettledAsync(List<string> violations)
    {
        const string Unfinished = "SELECT count(*) FROM payments WHERE status NOT IN ('COMPLETED', 'FAILED')";
        var until = DateTime.UtcNow.AddSeconds(60);
        long open;
        while ((open = await ScalarAsync("payment", Unfinished)) > 0 && DateTime.UtcNow < until) await Task.Delay(250);
        if (open > 0) violations.Add($"{open} sagas are unfinished");
    }

    private static void CheckTickets(List<string> violations, List<TicketRow> tickets, List<ReservationRow> reservations, List<PaymentRow> payments)
    {
        foreach (var twice in tickets.GroupBy(t => t.Seat_Id).Where(g => g.Count() > 1)) violations.Add($"seat {twice.Key} has {twice.Count()} tickets");
        var confirmed = reservations.Where(r => r.Status == "CONFIRMED").ToDictionary(r => r.Id);
        var completed = payments.Where(p => p.Status == "COMPLETED").ToDictionary(p => p.Id);
        var ofReservation = tickets.ToLookup(t => t.Reservation_Id);
        foreach (var reservation in confirmed.Values)
        {
            if (!ofReservation[reservation.Id].Select(t => t.Seat_Id).Order().SequenceEqual(reservation.Seats.Order()))
                violations.Add($"reservation {reservation.Id} is confirmed, its tickets differ from its seats");
            if (reservation.Payment_Id is not { } payment || !completed.ContainsKey(payment))
                violations.Add($"reservation {reservation.Id} is confirmed without a completed payment");
        }
        foreach (var payment in completed.Values.Where(p => !confirmed.TryGetValue(p.Reservation_Id, out var r) || r.Payment_Id != p.Id))
            violations.Add($"payment {payment.Id} is completed, its reservation is not confirmed for it");
        foreach (var ticket in tickets.Where(t => !confirmed.ContainsKey(t.Reservation_Id)))
            violations.Add($"seat {ticket.Seat_Id} has a ticket of a reservation that is not confirmed");
    }

    private async Task CheckMoneyAsync(List<string> violations, List<PaymentRow> payments)
    {
        violations.AddRange((await QueryAsync<long>("users",
            "SELECT a.id FROM accounts a LEFT JOIN ledger l ON l.account_id = a.id GROUP BY a.id, a.balance HAVING a.balance <> coalesce(sum(l.amount), 0)"))
            .Select(id => $"the ledger of account {id} does not add up to its balance"));
        var moved = (await QueryAsync<(string Payment, long Amount, long Charges)>("users",
            """
            SELECT split_part(reference, ':', 1), sum(amount)::bigint, count(*) FILTER (WHERE kind = 'CHARGE') FROM ledger
            WHERE kind IN ('CHARGE', 'REFUND', 'VOID') GROUP BY 1
            """)).ToDictionary(m => Guid.Parse(m.Payment));
        foreach (var payment in payments)
        {
            var (_, amount, charges) = moved.GetValueOrDefault(payment.Id);
            if (payment.Status == "COMPLETED" && (amount != -payment.Amount || charges != 1)) violations.Add($"payment {payment.Id} is completed, {-amount} of {payment.Amount} points were taken");
            if (payment.Status == "FAILED" && amount != 0) violations.Add($"payment {payment.Id} failed, {-amount} points were not given back");
        }
        foreach (var stray in moved.Keys.Except(payments.Select(p => p.Id))) violations.Add($"points moved for payment {stray}, which does not exist");
    }

    private static void CheckFailures(List<string> violations, List<PaymentRow> payments, List<ReservationRow> reservations, List<TicketRow> tickets)
    {
        var byId = reservations.ToDictionary(r => r.Id);
        var sold = tickets.ToLookup(t => t.Payment_Id);
        foreach (var payment in payments.Where(p => p.Status == "FAILED"))
        {
            if (sold[payment.Id].Any()) violations.Add($"payment {payment.Id} failed and has tickets");
            if (byId.TryGetValue(payment.Reservation_Id, out var reservation) && reservation.Status is "HELD" or "CONFIRMED")
                violations.Add($"payment {payment.Id} failed, its reservation is {reservation.Status}");
        }
    }

    private async Task CheckMapAsync(List<string> violations, long show, List<TicketRow> tickets)
    {
        var map = JsonSerializer.Deserialize<SeatMapResponse>(await http.GetStringAsync(new Uri($"/api/v1/concerts/dates/{show}/seats", UriKind.Relative)), Api.Json)!;
        var shown = map.Sections.SelectMany(s => s.Rows).SelectMany(r => r.Seats.Select((c, i) => (Seat: r.FirstSeatId.Value + i, c))).Where(s => s.c == 'S').Select(s => s.Seat).ToHashSet();
        var sold = tickets.Where(t => t.Show_Id == show).Select(t => t.Seat_Id).ToHashSet();
        foreach (var seat in sold.Except(shown)) violations.Add($"seat {seat} has a ticket, the seat map does not show it sold");
        foreach (var seat in shown.Except(sold)) violations.Add($"the seat map shows {seat} sold, there is no ticket");
    }

    private async Task CheckRoomAsync(List<string> violations, long concert)
    {
        var figures = JsonSerializer.Deserialize<QueueFigures>(await http.GetStringAsync(new Uri($"/api/v1/queues/{concert}", UriKind.Relative)), Api.Json)!;
        if (figures.PeakActive > figures.Capacity || figures.Active > figures.Capacity)
            violations.Add($"waiting room {concert} had {figures.PeakActive} inside, its capacity is {figures.Capacity}");
    }

    private async Task<List<T>> QueryAsync<T>(string database, string sql)
    {
        await using var connection = await OpenAsync(database);
        return (await connection.QueryAsync<T>(sql)).AsList();
    }

    private async Task<long> ScalarAsync(string database, string sql)
    {
        await using var connection = await OpenAsync(database);
        return await connection.ExecuteScalarAsync<long>(sql);
    }

    private async Task<NpgsqlConnection> OpenAsync(string database)
    {
        var (host, port) = postgres.Split(':') is [var h, var p] ? (h, p) : (postgres, "5432");
        var settings = new NpgsqlConnectionStringBuilder
        {
            Host = host,
            Port = int.Parse(port, CultureInfo.InvariantCulture),
            Username = Environment.GetEnvironmentVariable("PGUSER") ?? "postgres",
            Password = Environment.GetEnvironmentVariable("PGPASSWORD"),
            Database = database,
            // Kerberos is not used, and its library is in no slim image.
            GssEncryptionMode = GssEncryptionMode.Disable,
        };
        var connection = new NpgsqlConnection(settings.ConnectionString);
        await connection.OpenAsync();
        return connection;
    }

    private sealed class PaymentRow
    {
        public Guid Id { get; init; }
        public long User_Id { get; init; }
        public Guid Reservation_Id { get; init; }
        public long Amount { get; init; }
        public string Status { get; init; } = "";
    }

    private sealed class ReservationRow
    {
        public Guid Id { get; init; }
        public long Show_Id { get; init; }
        public long[] Seats { get; init; } = [];
        public string Status { get; init; } = "";
        public Guid? Payment_Id { get; init; }
    }

    private sealed class TicketRow
    {
        public long Show_Id { get; init; }
        public long Seat_Id { get; init; }
        public Guid Reservation_Id { get; init; }
        public Guid Payment_Id { get; init; }
    }
}
