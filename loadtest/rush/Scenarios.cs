using System.Diagnostics;
using ConcertDapr.Contracts;

namespace ConcertDapr.Rush;

/// <summary>What a scenario found wrong; empty is good.</summary>
internal sealed record Verdict(string Title, Measurements Measurements, TimeSpan Took, IReadOnlyList<string> Violations, Sale? Sale = null);

/// <summary>The scenarios. Each sells a concert of its own, so they can be run again and again on a running system.</summary>
internal sealed class Scenarios(RushOptions options, HttpClient http)
{
    private const long Price = 1_000;
    private const long BeyondReach = 900_000_000_000;

    /// <summary>Fans of all tempers rush a show.</summary>
    public async Task<Verdict> RushAsync(Action<Measurements> progress)
    {
        var measurements = new Measurements();
        var sale = await OpenAsync(measurements, new SectionRequest("Floor", "R", new(Price), Rows(options.Seats), PerRow(options.Seats)),
            new SectionRequest("Boxes", "VIP", new(BeyondReach), 2, 10));
        await EnrichAsync(options.Fans);
        var random = new Random(options.Seed);
        var fans = Enumerable.Range(1, options.Fans).Select(n => new Fan(n, TemperOf(n), ApiOf(n, measurements), sale, new Random(random.Next()))).ToList();
        var clock = Stopwatch.StartNew();
        await WatchAsync(Task.WhenAll(fans.Select(f => f.RunAsync())), measurements, progress);
        var took = clock.Elapsed;
        var wanted = Rows(options.Seats) * PerRow(options.Seats) - sale.Abandoned;
        var map = await MapAsync(sale);
        var sold = map.Sections.Where(s => s.Grade != "VIP").Sum(s => s.Rows.Sum(r => r.Seats.Count(c => c == 'S')));
        var violations = new List<string>();
        if (options.Fans >= options.Seats && sold != wanted) violations.Add($"{sold} of {wanted} wanted seats were sold");
        if (measurements.Outcomes.Any(o => o.Outcome.Contains(": 500", StringComparison.Ordinal))) violations.Add("somebody was answered 500");
        return new($"rush: {options.Fans} fans, {options.Seats} seats, {sold} sold, {sale.Abandoned} abandoned", measurements, took, violations, sale);
    }

    /// <summary>Buyers hold and pay, one seat at a time, until nothing is left.</summary>
    public async Task<Verdict> SellOutAsync(Action<Measurements> progress)
    {
        var measurements = new Measurements();
        var sale = await OpenAsync(measurements, new SectionRequest("Floor", "R", new(Price), Rows(options.Seats), PerRow(options.Seats)));
        await EnrichAsync(options.Fans);
        var total = Rows(options.Seats) * PerRow(options.Seats);
        var seats = new System.Collections.Concurrent.ConcurrentQueue<SeatId>(Enumerable.Range(0, total)
            .Select(i => SeatId.Of(sale.Show, i / PerRow(options.Seats), i % PerRow(options.Seats) + 1)).OrderBy(s => s.Value * 7919 % 10007));
        var clock = Stopwatch.StartNew();
        await WatchAsync(Task.WhenAll(Enumerable.Range(1, options.Fans).Select(n => BuyAllAsync(ApiOf(n, measurements), sale, seats))), measurements, progress);
        var took = clock.Elapsed;
        var sold = (await MapAsync(sale)).Sold;
        List<string> violations = sold == total ? [] : [$"{sold} of {total} seats were sold"];
        return new($"sell-out: {options.Fans} buyers, {sold} seats in {took.TotalSeconds:0.0} s, {sold / took.TotalSeconds:0} tickets/s", measurements, took, violations, sale);
    }

    /// <summary>Everybody wants the same seat: one gets it, the others learn so at once.</summary>
    public async Task<Verdict> HotSeatAsync()
    {
        var measurements = new Measurements();
        var sale = await OpenAsync(measurements, new SectionRequest("Stage", "R", new(Price), 1, 1));
        var seat = SeatId.Of(sale.Show, 0, 1);
        var admitted = await AdmitAsync(sale, options.Fans);
        // One warm-up refusal each way of the path, on a seat that does not exist.
        await Task.WhenAll(admitted.Select(a => ApiOf(a.User, new Measurements()).HoldAsync(sale.Show, a.Token, Guid.NewGuid().ToString(), new SeatId(seat.Value + 1))));
        var clock = Stopwatch.StartNew();
        var answers = await Task.WhenAll(admitted.Select(a => ApiOf(a.User, measurements).HoldAsync(sale.Show, a.Token, Guid.NewGuid().ToString(), seat)));
        var took = clock.Elapsed;
        var (won, lost) = (answers.Count(a => a.Ok), answers.Count(a => a.Code == "SEAT_TAKEN"));
        var violations = new List<string>();
        if (won != 1 || lost != options.Fans - 1) violations.Add($"{won} won and {lost} were told it is taken, of {options.Fans}");
        if (took > TimeSpan.FromSeconds(1)) violations.Add($"it took {took.TotalMilliseconds:0} ms, more than a second");
        return new($"hot seat: {options.Fans} contenders in {took.TotalMilliseconds:0} ms, {won} won, {lost} × 409", measurements, took, violations, sale);
    }

    /// <summary>One fan's nervous client sends the same request again and again under one key.</summary>
    public async Task<Verdict> OneKeyAsync()
    {
        var measurements = new Measurements();
        var sale = await OpenAsync(measurements, new SectionRequest("Stage", "R", new(Price), 1, 10));
        var (user, token) = (await AdmitAsync(sale, 1))[0];
        var key = Guid.NewGuid().ToString();
        var api = ApiOf(user, measurements);
        var clock = Stopwatch.StartNew();
        var answers = await Task.WhenAll(Enumerable.Range(0, options.Fans * 2).Select(_ => api.HoldAsync(sale.Show, token, key, SeatId.Of(sale.Show, 0, 1))));
        var ids = answers.Where(a => a.Ok).Select(a => a.Body!.ReservationId).Distinct().ToList();
        var held = (await MapAsync(sale)).Held;
        var violations = new List<string>();
        if (ids.Count != 1 || answers.Any(a => !a.Ok)) violations.Add($"{ids.Count} reservations, {answers.Count(a => !a.Ok)} refusals");
        if (held != 1) violations.Add($"{held} seats are held");
        return new($"one key: {answers.Length} requests, {ids.Count} reservation", measurements, clock.Elapsed, violations, sale);
    }

    private static Temper TemperOf(int fan) => (fan % 25) switch
    {
        1 => Temper.Poor,
        2 => Temper.LeavesLine,
        3 => Temper.VanishesInside,
        4 => Temper.Cancels,
        5 => Temper.Abandons,
        _ => Temper.Buyer,
    };

    private static int PerRow(int seats) => Enumerable.Range(1, 50).Last(n => seats % n == 0);

    private static int Rows(int seats) => seats / PerRow(seats);

    private Api ApiOf(int user, Measurements measurements) => new(http, $"test-user-{user}", measurements);

    private async Task<Sale> OpenAsync(Measurements measurements, params SectionRequest[] sections)
    {
        var organizer = new Api(http, "test-organizer-1", new Measurements());
        var now = DateTimeOffset.UtcNow;
        var created = await organizer.CreateConcertAsync(new("Rush", "The Load", "Two Cores Hall", now.AddMinutes(-1), [now.AddDays(30)], sections));
        if (!created.Ok) throw new InvalidOperationException($"The concert could not be created: {(int)created.Status} {created.Code}. Is the system up, with test users allowed?");
        return new Sale(created.Body!, measurements);
    }

    /// <summary>Tops up who could not pay the cheap seats.</summary>
    private Task EnrichAsync(int fans) => Parallel.ForEachAsync(Enumerable.Range(1, fans), new ParallelOptions { MaxDegreeOfParallelism = 16 }, async (n, _) =>
    {
        var api = ApiOf(n, new Measurements());
        if ((await api.PointsAsync()).Body is { } points && points.Points.Value < 200 * Price) await api.TopUpAsync(new(1_000 * Price));
    });

    private async Task<IReadOnlyList<(int User, string Token)>> AdmitAsync(Sale sale, int fans)
    {
        var capacity = (await ApiOf(1, new Measurements()).FiguresAsync(sale.Concert)).Body!.Capacity;
        if (capacity < fans) throw new InvalidOperationException($"The waiting room lets {capacity} in at once, {fans} are wanted inside (Queue:Capacity).");
        var admitted = new List<(int, string)>();
        for (var n = 1; admitted.Count < fans; n++) admitted.Add((n, await AdmitAsync(sale.Concert, ApiOf(n, new Measurements()))));
        return admitted;
    }

    private static async Task<string> AdmitAsync(ConcertId concert, Api api)
    {
        while (true)
        {
            if ((await api.JoinAsync(concert)).Body is not { } joined) continue;
            if (joined.Status == QueueStatus.Entered) return joined.Token;
            for (var polls = 0; polls < 100; polls++)
            {
                var entered = await api.EnterAsync(joined.Token);
                if (entered.Body?.Status == QueueStatus.Entered) return joined.Token;
                if (entered.Body?.Status is QueueStatus.Left or QueueStatus.Expired) break;
                await Task.Delay(entered.Body?.PollAfterMs ?? 200);
            }
        }
    }

    private static async Task BuyAllAsync(Api api, Sale sale, System.Collections.Concurrent.ConcurrentQueue<SeatId> seats)
    {
        var token = await AdmitAsync(sale.Concert, api);
        while (seats.TryDequeue(out var seat))
        {
            // A slot is given back with each payment, so buying on means joining on.
            var hold = await api.HoldAsync(sale.Show, token, Guid.NewGuid().ToString(), seat);
            while (hold.Code is "QUEUE_TOKEN_EXPIRED" or "NOT_ADMITTED")
            {
                token = await AdmitAsync(sale.Concert, api);
                hold = await api.HoldAsync(sale.Show, token, Guid.NewGuid().ToString(), seat);
            }
            if (!hold.Ok) continue;
            var key = Guid.NewGuid().ToString();
            var paid = await api.PayAsync(hold.Body!.ReservationId, hold.Body.Amount, token, key);
            while (paid.Code is "QUEUE_TOKEN_EXPIRED" or "NOT_ADMITTED")
            {
                // The session ran out meanwhile; the seat is held all the same.
                token = await AdmitAsync(sale.Concert, api);
                paid = await api.PayAsync(hold.Body.ReservationId, hold.Body.Amount, token, key);
            }
            sale.Measurements.Count(paid.Ok ? $"payment {paid.Body!.Status}" : $"payment refused {paid.Code}");
            token = await AdmitAsync(sale.Concert, api);
        }
    }

    private async Task<SeatMapResponse> MapAsync(Sale sale)
    {
        await Task.Delay(500); // The map is read at most every quarter of a second.
        return (await ApiOf(1, new Measurements()).SeatsAsync(sale.Show)).Body!;
    }

    private static async Task WatchAsync(Task work, Measurements measurements, Action<Measurements> progress)
    {
        while (await Task.WhenAny(work, Task.Delay(1000)) != work) progress(measurements);
        await work;
    }
}
