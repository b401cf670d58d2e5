using System.Collections.Concurrent;
using ConcertDapr.Contracts;
using ConcertDapr.ServiceDefaults.Rooms;

namespace ConcertDapr.Gateway.Compat;

/// <summary>A place in the house's waiting room, and where it stands.</summary>
internal sealed record HouseTicket(string Token, UserId User, EnterResponse Standing);

/// <summary>A payment that went through.</summary>
internal sealed record Receipt(PaymentResponse Payment, ReservationResponse Reservation, long Balance);

/// <summary>
/// What the predecessors' clients do, done with our services and rules: they queue in front of the house, not of one concert, and
/// name reservations by number. Nothing is decided here.
/// </summary>
internal sealed class Desk(ServiceCalls services, Admission admissions, QueueTokens tokens, RoomSnapshots rooms, TimeProvider clock)
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(25);
    private static readonly TimeSpan s_lookEvery = TimeSpan.FromMilliseconds(250);
    private static readonly Refusal s_badToken = new(403, "QUEUE_TOKEN_INVALID", "The token is not one of ours.");

    // Accounts do not go away, so who was seen once needs no second look.
    private readonly ConcurrentDictionary<UserId, bool> _known = new();

    /// <summary>A place in line: the one they have, or a new one.</summary>
    public async Task<Outcome<HouseTicket>> JoinAsync(UserId user)
    {
        if (await UnknownAsync(user) is { } unknown) return unknown;
        var (joined, refusal) = await services.PostAsync<HousePlace>(Apps.Queue, "/join-house", new(user));
        return refusal is not null ? refusal : new HouseTicket(joined!.Token, user, joined.Status);
    }

    /// <summary>Where a place stands; whoever asks when called is inside.</summary>
    public async Task<Outcome<HouseTicket>> StandingAsync(string? token)
    {
        if (tokens.Verify(token) is not { } place || place.Target != ConcertId.House) return s_badToken;
        var now = clock.GetUtcNow();
        if (await rooms.GetForAsync(place, now) is not { } room) return s_badToken;
        if (!room.IsInside(place.Sequence, now) || room.Find(place.Sequence)!.Claimed)
            return new HouseTicket(token!, place.User, room.StatusOf(place, now));
        var (entered, refusal) = await services.PostAsync<EnterResponse>(Apps.Queue, "/enter", new(place.User, QueueToken: token));
        return refusal is not null ? refusal : new HouseTicket(token!, place.User, entered!);
    }

    /// <summary>Holds a seat for an admitted fan.</summary>
    public async Task<Outcome<ReservationResponse>> HoldAsync(UserId user, string? token, ShowId show, SeatId seat)
    {
        var (place, refusal, _) = await AdmitAsync(token, user);
        if (refusal is not null) return refusal;
        return await services.PostAsync<ReservationResponse>(Apps.Reservation, $"/holds?showId={show}", new(user, place), new HoldRequest([seat]));
    }

    /// <summary>A fan's reservation by its number.</summary>
    public Task<Outcome<ReservationResponse>> ReservationAsync(UserId user, long number) =>
        services.GetAsync<ReservationResponse>(Apps.Reservation, $"/numbered?number={number}", new(user));

    /// <summary>
    /// Pays and waits for the end. Repeating it finds the first outcome, also after the session. The saga that does not end in time
    /// is a fault, for nobody may be told that they did not pay when they may have.
    /// </summary>
    public async Task<Outcome<Receipt>> PayAsync(UserId user, string? token, long number, Func<ReservationResponse, Refusal?> check)
    {
        var (place, refused, isOver) = await AdmitAsync(token, user);
        if (refused is not null && !isOver) return refused;
        var (reservation, notFound) = await ReservationAsync(user, number);
        if ((notFound ?? check(reservation!)) is { } refusal) return refusal;
        var (payment, notPaid) = await services.PostAsync<PaymentResponse>(Apps.Payment, "/payments", new(user, place, $"number-{number}", token),
            new PaymentRequest(reservation!.ReservationId, reservation.Amount));
        if (notPaid is not null) return notPaid;
        payment = await EndedAsync(payment!, user);
        if (payment.Status is not (PaymentStatus.Completed or PaymentStatus.Failed)) return Refusal.Unavailable;
        if (payment.Status == PaymentStatus.Failed) return new Refusal(409, payment.Reason ?? "PAYMENT_FAILED", "The payment failed; nothing was spent.");
        var (points, fault) = await BalanceAsync(user);
        return fault is not null ? fault : new Receipt(payment, reservation, points!.Points.Value);
    }

    /// <summary>Cancels an unpaid reservation.</summary>
    public async Task<Outcome<ReservationResponse>> CancelAsync(UserId user, long number)
    {
        var (reservation, refusal) = await ReservationAsync(user, number);
        if (refusal is not null) return refusal;
        return await services.PostAsync<ReservationResponse>(Apps.Reservation, $"/cancel?reservationId={reservation!.ReservationId}", new(user));
    }

    /// <summary>A fan's reservations, newest first.</summary>
    public async Task<Outcome<ReservationResponse[]>> ReservationsAsync(UserId user) => await UnknownAsync(user) is { } unknown
        ? unknown
        : await services.GetAsync<ReservationResponse[]>(Apps.Reservation, "/mine", new(user));

    /// <summary>Points left.</summary>
    public Task<Outcome<PointsResponse>> BalanceAsync(UserId user) => services.GetAsync<PointsResponse>(Apps.Users, "/points/balance", new(user));

    /// <summary>Adds points.</summary>
    public Task<Outcome<PointsResponse>> TopUpAsync(UserId user, Points amount) =>
        services.PostAsync<PointsResponse>(Apps.Users, "/points/charges", new(user), new ChargePointsRequest(amount));

    private async Task<(QueuePlace? Place, Refusal? Refusal, bool IsOver)> AdmitAsync(string? token, UserId user)
    {
        var (place, refusal, isOver) = await admissions.CheckAsync(token, user);
        return refusal is null
            ? (place, null, false)
            : (null, new Refusal(refusal.StatusCode, (string)refusal.ProblemDetails.Extensions["code"]!, refusal.ProblemDetails.Detail!), isOver);
    }

    private async Task<PaymentResponse> EndedAsync(PaymentResponse payment, UserId user)
    {
        var until = clock.GetUtcNow() + s_patience;
        while (payment.Status is not (PaymentStatus.Completed or PaymentStatus.Failed) && clock.GetUtcNow() < until)
        {
            await Task.Delay(s_lookEvery, clock);
            payment = (await services.GetAsync<PaymentResponse>(Apps.Payment, $"/payment?paymentId={payment.PaymentId}", new(user))).Value ?? payment;
        }
        return payment;
    }

    private async Task<Refusal?> UnknownAsync(UserId user)
    {
        if (_known.ContainsKey(user)) return null;
        if (user.Value < 1) return Refusal.NoAccount;
        var (_, refusal) = await services.GetAsync<AccountResponse>(Apps.Users, "/accounts/me", new(user));
        if (refusal is null) _known[user] = true;
        return refusal;
    }
}
