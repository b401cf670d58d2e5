using System.Text.Json.Serialization;
using ConcertDapr.Contracts;
using Microsoft.AspNetCore.Http.HttpResults;

namespace ConcertDapr.Gateway.Compat;

/// <summary>The envelope of the <c>/api/v1</c> paths.</summary>
internal sealed record V1Envelope<T>(string Status, bool Success, string Msg, [property: JsonIgnore(Condition = JsonIgnoreCondition.Never)] T? Data);

/// <summary>A place in line.</summary>
internal sealed record V1Waiting(long WaitingNumber, long WaitTimeInSeconds);

/// <summary>A token; <paramref name="WaitingInfo"/> is null once it is active.</summary>
internal sealed record V1Token(long UserId, string Token, bool IsActive, [property: JsonIgnore(Condition = JsonIgnoreCondition.Never)] V1Waiting? WaitingInfo);

/// <summary>Points.</summary>
internal sealed record V1Balance(long UserId, long Balance);

/// <summary>What was reserved.</summary>
internal sealed record V1Concert(long ConcertId, long ConcertDateId, string Name, string Venue, DateTimeOffset StartsAt, IReadOnlyList<long> SeatIds, long Price);

/// <summary>A reservation.</summary>
internal sealed record V1Reservation(long ReservationId, string Status, V1Concert ConcertInfo);

/// <summary>A payment.</summary>
internal sealed record V1Payment(string PaymentId, string Status, long PaymentPrice);

/// <summary>The <c>/api/v1</c> paths of a predecessor: refusals are 200 with <c>success: false</c>; the queue token is the bearer token.</summary>
internal static class ApiV1Paths
{
    public static void MapApiV1Paths(this CompatRoutes routes)
    {
        routes.Post("/api/v1/queues/token", Token);
        routes.Get("/api/v1/users/{userId}/balance", Balance);
        routes.Patch("/api/v1/users/{userId}/charge", Charge);
        routes.Get("/api/v1/reservations/{userId:older}", Reservations);
        routes.Post("/api/v1/reservations", Reserve);
        routes.Delete("/api/v1/reservations/{reservationId:older}", Cancel);
        routes.Post("/api/v1/payments/pay", Pay);
    }

    internal static async Task<IResult> Token(HttpContext http, Desk desk)
    {
        if (await Fields.ReadAsync(http) is not { } body) return Malformed();
        if (body.Number("userId") is not { } user) return Refuse(Refusal.NoAccount);
        // Asking with the token one has tells how it stands; one that is over, or no token of ours, is replaced.
        var ticket = body.Text("token") is { } token ? (await desk.StandingAsync(token)).Value : null;
        if (ticket is null || ticket.User.Value != user || ticket.Standing.Status is QueueStatus.Expired or QueueStatus.Left)
        {
            (ticket, var refusal) = await desk.JoinAsync(new(user));
            if (refusal is not null) return Refuse(refusal);
        }
        var standing = ticket!.Standing;
        var isActive = standing.Status == QueueStatus.Entered;
        return Answer(new V1Token(user, ticket.Token, isActive, isActive ? null : new(standing.Position, standing.EtaSeconds)));
    }

    internal static async Task<IResult> Balance(string userId, Desk desk)
    {
        if (Fields.Parse(userId) is not { } user) return Refuse(Refusal.NoAccount);
        var (points, refusal) = await desk.BalanceAsync(new(user));
        return refusal is not null ? Refuse(refusal) : Answer(new V1Balance(user, points!.Points.Value));
    }

    internal static async Task<IResult> Charge(string userId, HttpContext http, Desk desk)
    {
        if (await Fields.ReadAsync(http) is not { } body) return Malformed();
        if (Fields.Parse(userId) is not { } user) return Refuse(Refusal.NoAccount);
        if (body.Number("balance") is not { } amount) return Refuse(new(422, "INVALID", "balance: an amount is expected."));
        var (points, refusal) = await desk.TopUpAsync(new(user), new(amount));
        return refusal is not null ? Refuse(refusal) : Answer(new V1Balance(user, points!.Points.Value));
    }

    internal static async Task<IResult> Reservations(string userId, Desk desk, Programme programme)
    {
        if (Fields.Parse(userId) is not { } user) return Refuse(Refusal.NoAccount);
        var (reservations, refusal) = await desk.ReservationsAsync(new(user));
        if (refusal is not null) return Refuse(refusal);
        var answer = new List<V1Reservation>();
        foreach (var reservation in reservations!)
        {
            var (described, fault) = await DescribeAsync(reservation, programme);
            if (fault is not null) return Refuse(fault);
            answer.Add(described!);
        }
        return Answer(answer.ToArray());
    }

    internal static async Task<IResult> Reserve(HttpContext http, Desk desk, Programme programme)
    {
        if (await Fields.ReadAsync(http) is not { } body) return Malformed();
        if (body.Number("userId") is not { } user) return Refuse(Refusal.NoAccount);
        var (show, unknown) = await programme.ShowAsync(new(body.Number("concertId") ?? 0), body.Number("concertDateId") ?? 0);
        if (unknown is not null) return Refuse(unknown);
        var (seat, noSeat) = await programme.SeatAsync(show!.ShowId, body.Number("seatNumber") ?? 0);
        if (noSeat is not null) return Refuse(noSeat);
        var (held, refusal) = await desk.HoldAsync(new(user), BearerOf(http), show.ShowId, seat!.Id);
        if (refusal is not null) return Refuse(refusal);
        var (described, fault) = await DescribeAsync(held!, programme);
        return fault is not null ? Refuse(fault) : Answer(described!);
    }

    internal static async Task<IResult> Cancel(string reservationId, string? userId, Desk desk, Programme programme)
    {
        if (Fields.Parse(userId) is not { } user) return Refuse(Refusal.NoAccount);
        if (Fields.Parse(reservationId) is not { } number) return Refuse(Refusal.NoReservation);
        var (cancelled, refusal) = await desk.CancelAsync(new(user), number);
        if (refusal is not null) return Refuse(refusal);
        var (described, fault) = await DescribeAsync(cancelled!, programme);
        return fault is not null ? Refuse(fault) : Answer(described!);
    }

    internal static async Task<IResult> Pay(HttpContext http, Desk desk)
    {
        if (await Fields.ReadAsync(http) is not { } body) return Malformed();
        if (body.Number("userId") is not { } user) return Refuse(Refusal.NoAccount);
        if (body.Number("reservationId") is not { } number) return Refuse(Refusal.NoReservation);
        var (receipt, refusal) = await desk.PayAsync(new(user), body.Text("token") ?? BearerOf(http), number, _ => null);
        return refusal is not null
            ? Refuse(refusal)
            : Answer(new V1Payment(receipt!.Payment.PaymentId.ToString(), "COMPLETED", receipt.Payment.Amount.Value));
    }

    private static async Task<Outcome<V1Reservation>> DescribeAsync(ReservationResponse reservation, Programme programme)
    {
        var (concert, refusal) = await programme.ConcertAsync(reservation.ShowId.Concert);
        if (refusal is not null) return refusal;
        var show = concert!.Dates.First(d => d.ShowId == reservation.ShowId);
        return new V1Reservation(reservation.Number, reservation.Status.ToString().ToUpperInvariant(), new(concert.ConcertId.Value, show.ShowId.Value, concert.Title,
            concert.Venue, show.StartsAt, [.. reservation.Seats.Select(s => s.Value)], reservation.Amount.Value));
    }

    private static string? BearerOf(HttpContext http) =>
        http.Request.Headers.Authorization.ToString() is var header && header.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase) ? header[7..].Trim() : null;

    private static JsonHttpResult<V1Envelope<T>> Answer<T>(T data) => TypedResults.Json(new V1Envelope<T>("OK", true, "OK", data));

    private static JsonHttpResult<V1Envelope<object>> Refuse(Refusal refusal) => refusal.IsFault
        ? Error("SERVICE_UNAVAILABLE", refusal, refusal.Status)
        : Error("OK", refusal, StatusCodes.Status200OK);

    // What cannot even be read is no matter of business.
    private static JsonHttpResult<V1Envelope<object>> Malformed() => Error("BAD_REQUEST", Refusal.Malformed, StatusCodes.Status400BadRequest);

    private static JsonHttpResult<V1Envelope<object>> Error(string status, Refusal refusal, int statusCode) =>
        TypedResults.Json(new V1Envelope<object>(status, false, $"{refusal.Code}: {refusal.Message}", null), statusCode: statusCode);
}
