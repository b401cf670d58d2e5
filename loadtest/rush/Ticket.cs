using ConcertDapr.Contracts;

namespace ConcertDapr.Rush;

/// <summary>
/// One purchase from joining to the sold ticket, step by step, a line each: the smoke test of a deployment. Knows nothing but the
/// public API, and changes nothing but its own account, reservation and payment.
/// </summary>
internal sealed class Ticket(RushOptions options, HttpClient http)
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);

    /// <summary>Buys the best seat of the first date that is on sale. Throws, saying at which step, where it cannot.</summary>
    public async Task BuyAsync()
    {
        var show = await FindShowAsync();
        var fan = options.Register ? await RegisterAsync() : TestUser();
        var before = Required(await fan.PointsAsync(), "points").Points;
        Say("points", $"{before} before");

        var token = await EnterAsync(fan, show.ConcertId);
        var held = await HoldAsync(fan, show, token);
        if (before.Value < held.Amount.Value)
            Say("top up", $"{Required(await fan.TopUpAsync(held.Amount), "top up").Points} now");
        var topped = Required(await fan.PointsAsync(), "points").Points;
        var paid = await PayAsync(fan, held, token);

        await CheckSoldAsync(fan, show, held, paid);
        var after = Required(await fan.PointsAsync(), "points").Points;
        Say("points", $"{after} after");
        if (after.Value != topped.Value - held.Amount.Value) throw Failed("points", $"{topped} - {held.Amount} should be left, not {after}");
    }

    private async Task<ShowResponse> FindShowAsync()
    {
        var anyone = Caller(null);
        var page = Required(await anyone.ConcertsAsync(), "concerts");
        var concert = page.Items.FirstOrDefault(c => c.SaleOpensAt <= DateTimeOffset.UtcNow && (options.Concert is null || c.ConcertId == options.Concert))
            ?? throw Failed("concerts", options.Concert is { } wanted ? $"concert {wanted} is not on sale" : "there is no concert on sale");
        foreach (var show in concert.Dates)
            if (Required(await anyone.SeatsAsync(show.ShowId), "seat map").Free > 0)
            {
                Say("concert", $"{concert.ConcertId} '{concert.Title}', date {show.ShowId}");
                return show;
            }
        throw Failed("seat map", $"concert {concert.ConcertId} has no free seat");
    }

    private async Task<Api> RegisterAsync()
    {
        var request = new RegisterRequest($"ticket-{Guid.NewGuid():N}@example.com", "Ticket test", Guid.NewGuid().ToString());
        var account = Required(await Caller(null).RegisterAsync(request), "register");
        var login = Required(await Caller(null).LogInAsync(new(request.Email, request.Password)), "log in");
        Say("account", $"{account.UserId} registered and logged in");
        return Caller(login.AccessToken);
    }

    private Api TestUser()
    {
        // Any of the demo accounts; one that has bought much tops up.
        var user = options.Seed % 1000 + 1;
        Say("account", $"test user {user}");
        return Caller($"test-user-{user}");
    }

    private static async Task<string> EnterAsync(Api fan, ConcertId concert)
    {
        var joined = Required(await fan.JoinAsync(concert), "join");
        Say("join", $"number {joined.Sequence}, {joined.Status}");
        for (var until = DateTime.UtcNow + s_patience; DateTime.UtcNow < until;)
        {
            var place = Required(await fan.EnterAsync(joined.Token), "wait");
            switch (place.Status)
            {
                case QueueStatus.Entered:
                    Say("wait", "entered");
                    return joined.Token;
                case QueueStatus.Waiting:
                    await Task.Delay(place.PollAfterMs);
                    break;
                default: throw Failed("wait", $"the place is {place.Status}");
            }
        }
        throw Failed("wait", $"not entered within {s_patience.TotalSeconds:0} s");
    }

    private static async Task<ReservationResponse> HoldAsync(Api fan, ShowResponse show, string token)
    {
        var held = Required(await fan.HoldBestAsync(show.ShowId, token, Guid.NewGuid().ToString()), "hold");
        Say("hold", $"seat {held.Seats[0]} for {held.Amount}, reservation {held.ReservationId}");
        return held;
    }

    private static async Task<PaymentResponse> PayAsync(Api fan, ReservationResponse held, string token)
    {
        var paid = Required(await fan.PayAsync(held.ReservationId, held.Amount, token, Guid.NewGuid().ToString()), "pay");
        for (var until = DateTime.UtcNow + s_patience; paid.Status is PaymentStatus.Pending or PaymentStatus.Processing && DateTime.UtcNow < until;)
        {
            await Task.Delay(250);
            paid = Required(await fan.PaymentAsync(paid.PaymentId), "pay");
        }
        Say("pay", $"{paid.Status}, payment {paid.PaymentId}");
        return paid.Status == PaymentStatus.Completed ? paid : throw Failed("pay", $"the payment is {paid.Status}: {paid.Reason}");
    }

    private static async Task CheckSoldAsync(Api fan, ShowResponse show, ReservationResponse held, PaymentResponse paid)
    {
        var mine = Required(await fan.ReservationAsync(held.ReservationId), "reservation");
        if (mine.Status != ReservationStatus.Confirmed || mine.PaymentId != paid.PaymentId)
            throw Failed("reservation", $"{mine.Status}, paid by {mine.PaymentId}");
        // The map is a reading that may be a moment old.
        for (var until = DateTime.UtcNow + s_patience; !IsSold(Required(await fan.SeatsAsync(show.ShowId), "seat map"), held.Seats[0]);)
        {
            if (DateTime.UtcNow > until) throw Failed("seat map", $"seat {held.Seats[0]} is not shown as sold");
            await Task.Delay(100);
        }
        Say("ticket", $"seat {held.Seats[0]} is SOLD");
    }

    private static bool IsSold(SeatMapResponse map, SeatId seat) => map.Sections.SelectMany(s => s.Rows)
        .Any(row => seat.Value - row.FirstSeatId.Value is var i and >= 0 && i < row.Seats.Length && row.Seats[(int)i] == 'S');

    private Api Caller(string? bearer) => new(http, bearer, new Measurements());

    private static T Required<T>(Answer<T> answer, string step) where T : class =>
        answer.Body ?? throw Failed(step, $"answered {(int)answer.Status} {answer.Code}");

    private static void Say(string step, string what) => Console.WriteLine($"{step,-12} {what}");

    private static InvalidOperationException Failed(string step, string why) => new($"no ticket: {step}: {why}");
}
