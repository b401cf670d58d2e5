using ConcertDapr.Contracts;

namespace ConcertDapr.Tests;

/// <summary>
/// A concert on sale: on the floor two rows of ten seats that every fan can pay (grade R, seats 1 to 20), and a box of four that
/// no fan can (grade VIP, seats 21 to 24).
/// </summary>
public sealed class Sale(HttpClient http, ConcertResponse concert)
{
    public const long Price = 10_000;
    public const long BeyondReach = 2_000_000;
    public const int FirstBoxSeat = 21;

    private const int PerRow = 10;

    public ConcertId Concert => concert.ConcertId;

    public ShowId Show => concert.Dates[0].ShowId;

    public static async Task<Sale> OpenAsync(HttpClient http, TimeSpan opensIn = default)
    {
        var now = DateTimeOffset.UtcNow;
        var request = new CreateConcertRequest("System test", "The Testers", "Two Cores Hall", now.AddMinutes(-1) + opensIn, [now.AddDays(30)],
            [new("Floor", "R", new(Price), 2, PerRow), new("Box", "VIP", new(BeyondReach), 1, 4)]);
        return new(http, (await new Client(http, "test-organizer-1").PostAsync("/api/v1/admin/concerts", request)).Body<ConcertResponse>());
    }

    /// <summary>The nth seat, from 1.</summary>
    public SeatId Seat(int n) => SeatId.Of(Show, (n - 1) / PerRow, (n - 1) % PerRow + 1);

    /// <summary>The seat map when it has come to satisfy (it is read a few times a second).</summary>
    public Task<SeatMapResponse> MapAsync(Func<SeatMapResponse, bool> satisfies) => Eventually.UntilAsync(
        async () => (await new Client(http, null).GetAsync($"/api/v1/concerts/dates/{Show}/seats")).Body<SeatMapResponse>(), satisfies);

    /// <summary>The waiting room when it has come to satisfy.</summary>
    public Task<QueueFigures> RoomAsync(Func<QueueFigures, bool> satisfies) => Eventually.UntilAsync(
        async () => (await new Client(http, null).GetAsync($"/api/v1/queues/{Concert}")).Body<QueueFigures>(), satisfies);

    /// <summary>Lets fans in, all at once.</summary>
    public Task AdmitAsync(params IEnumerable<Client> fans) => Task.WhenAll(fans.Select(f => f.EnterAsync(Concert)));
}
