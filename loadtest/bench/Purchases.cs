using System.Diagnostics;
using ConcertDapr.Contracts;
using ConcertDapr.Rush;

namespace ConcertDapr.Bench;

/// <summary>Whole purchases through a running system, against a plain call through the same gateway.</summary>
internal sealed class Purchases(BenchOptions options, Table table)
{
    private const int Callers = 16;
    private const int WarmUpRounds = 4;
    private const int Users = 1000;
    private const int PerRow = 50;
    private const int Rows = 400;

    private readonly Measurements _measurements = new();
    private int _next;

    /// <summary>Measures; the system is started where none runs.</summary>
    public async Task RunAsync()
    {
        await using var system = await SystemUnderTest.FindOrStartAsync(options);
        using var http = Api.CreateClient(system.Url);
        var gets = await Meter.RunAsync(Callers, options.Seconds, async _ =>
        {
            using var response = await http.GetAsync(new Uri("/api/v1/concerts", UriKind.Relative));
            response.EnsureSuccessStatusCode();
        });
        var plain = table.Limit("GET /api/v1/concerts through the gateway, 16 callers", gets);
        var concert = await OpenAsync(http);
        // Every caller buys a few times before it counts: the path is long, and its first purchases compile most of it.
        for (var round = 0; round < WarmUpRounds; round++)
            await Task.WhenAll(Enumerable.Range(0, Callers).Select(_ => BuyAsync(http, concert, new(), new())));
        var (holds, payments) = (new Samples(), new Samples());
        var purchases = await Meter.RunAsync(Callers, options.Seconds * 3, _ => BuyAsync(http, concert, holds, payments));
        table.Share("purchase: join, enter, hold, pay; 16 callers", plain, purchases);
        table.Times("    its hold", holds.At(0.5), holds.At(0.99));
        table.Times("    its payment", payments.At(0.5), payments.At(0.99));
    }

    private async Task<ConcertResponse> OpenAsync(HttpClient http)
    {
        var organizer = new Api(http, "test-organizer-1", _measurements);
        var now = DateTimeOffset.UtcNow;
        var created = await organizer.CreateConcertAsync(new("Bench", "The Measures", "Two Cores Hall", now.AddMinutes(-1),
            [now.AddDays(30)], [new SectionRequest("Floor", "R", new(100), Rows, PerRow)]));
        return created.Body
            ?? throw new InvalidOperationException($"the concert could not be created: {created.Code}. Are test users allowed?");
    }

    /// <summary>The next user buys the next seat. Users come round slowly enough to have left the room before.</summary>
    private async Task BuyAsync(HttpClient http, ConcertResponse concert, Samples holds, Samples payments)
    {
        var n = Interlocked.Increment(ref _next) - 1;
        if (n >= Rows * PerRow) throw new InvalidOperationException("sold out");
        var api = new Api(http, $"test-user-{n % Users + 1}", _measurements);
        var show = concert.Dates[0].ShowId;
        var token = await EnterAsync(api, concert.ConcertId);
        // Neighbouring callers are in different rows, as fans are.
        var seat = SeatId.Of(show, n % Rows, n / Rows + 1);
        var hold = await holds.TimeAsync(() => api.HoldAsync(show, token, $"hold-{concert.ConcertId}-{n}", seat));
        if (!hold.Ok) throw new InvalidOperationException($"hold: {hold.Code}");
        await payments.TimeAsync(() => PayAsync(api, hold.Body!, token, $"pay-{concert.ConcertId}-{n}"));
    }

    /// <summary>Pays, and asks on where the answer was 202; completed when this returns.</summary>
    private static async Task<PaymentResponse> PayAsync(Api api, ReservationResponse reservation, string token, string key)
    {
        var paid = await api.PayAsync(reservation.ReservationId, reservation.Amount, token, key);
        while (paid.Body?.Status is PaymentStatus.Pending or PaymentStatus.Processing)
        {
            await Task.Delay(100);
            paid = await api.PaymentAsync(paid.Body.PaymentId);
        }
        return paid.Body?.Status == PaymentStatus.Completed
            ? paid.Body
            : throw new InvalidOperationException($"payment: {paid.Code ?? paid.Body?.Reason}");
    }

    private static async Task<string> EnterAsync(Api api, ConcertId concert)
    {
        var joined = await api.JoinAsync(concert);
        var token = joined.Body?.Token ?? throw new InvalidOperationException($"join: {joined.Code}");
        while (true)
        {
            var entered = await api.EnterAsync(token);
            if (entered.Body?.Status == QueueStatus.Entered) return token;
            if (entered.Body is not { Status: QueueStatus.Waiting } waiting)
                throw new InvalidOperationException($"enter: {entered.Code ?? $"{entered.Body?.Status}"}");
            await Task.Delay(waiting.PollAfterMs);
        }
    }

    /// <summary>Latencies of one step of a purchase.</summary>
    private sealed class Samples
    {
        private readonly List<double> _latencies = [];

        public async Task<T> TimeAsync<T>(Func<Task<T>> step)
        {
            var start = Stopwatch.GetTimestamp();
            var result = await step();
            lock (_latencies) _latencies.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
            return result;
        }

        /// <summary>The time that this share of the steps stayed within, milliseconds.</summary>
        public double At(double share) => Meter.At([.. _latencies.Order()], share);
    }
}
