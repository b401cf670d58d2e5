using System.Text.Json.Serialization;
using ConcertDapr.Contracts;
using Microsoft.AspNetCore.Http.HttpResults;

namespace ConcertDapr.Gateway.Compat;

/// <summary>The envelope of the root paths. <paramref name="Status"/> only where a token's standing was asked for.</summary>
internal sealed record RootEnvelope<T>(bool Success, string Message, [property: JsonIgnore(Condition = JsonIgnoreCondition.Never)] T? Data, string? Status = null);

/// <summary>A token; <paramref name="Id"/> is the token itself, so that either can be asked for.</summary>
internal sealed record RootToken(string Id, string Token, long QueuePosition, string Status, bool HasPassedQueue, DateTimeOffset? ExpiredAt);

/// <summary>A free seat.</summary>
internal sealed record RootSeat(long Id, long ConcertId, string ScheduleDate, int SeatNumber, string Status, long Price);

/// <summary>A held seat.</summary>
internal sealed record RootReservation(long ReservationId, long ConcertId, string Date, long SeatId, int SeatNo, DateTimeOffset ReservedUntil);

/// <summary>A paid seat.</summary>
internal sealed record RootPayment(long ReservationId, string SeatStatus, long RemainingBalance, long SeatPrice, long PaidAmount, DateTimeOffset PaidAt);

/// <summary>Points.</summary>
internal sealed record RootBalance(long UserId, long Balance);

/// <summary>The root paths of a predecessor: refusals are 400 with <c>success: false</c>.</summary>
internal static class RootPaths
{
    public static void MapRootPaths(this CompatRoutes routes)
    {
        routes.Post("/tokens/issue", Issue);
        routes.Get("/tokens/status", Standing);
        routes.Get("/concerts/{concertId}/dates/available", Dates);
        routes.Get("/concerts/{concertId}/seats/available", Seats);
        routes.Post("/reservations/{concertId}/reserve-seats", Reserve);
        routes.Post("/reservations/{reservationId}/payment", Pay);
        routes.Get("/users/status", Balance);
    }

    private static readonly Refusal s_noUser = new(400, "INVALID", "userId: an account's number is expected.");

    internal static async Task<IResult> Issue(HttpContext http, Desk desk)
    {
        if (await Fields.ReadAsync(http) is not { } body) return Refuse(Refusal.Malformed);
        if (body.Number("userId") is not { } user) return Refuse(s_noUser);
        var (ticket, refusal) = await desk.JoinAsync(new(user));
        return refusal is not null ? Refuse(refusal) : Answer("Token issued.", Token(ticket!));
    }

    internal static async Task<IResult> Standing(string? tokenId, Desk desk)
    {
        var (ticket, refusal) = await desk.StandingAsync(tokenId);
        if (refusal is not null) return Refuse(refusal);
        var token = Token(ticket!);
        return Answer("Token found.", token, token.Status);
    }

    internal static async Task<IResult> Dates(string concertId, Programme programme)
    {
        if (Fields.Parse(concertId) is not { } id) return Refuse(Refusal.NoConcert);
        var (concert, refusal) = await programme.ConcertAsync(new(id));
        return refusal is not null ? Refuse(refusal) : Answer<string[]>("Dates found.", [.. concert!.Dates.Select(Programme.DayOf)]);
    }

    internal static async Task<IResult> Seats(string concertId, string? scheduleDate, Programme programme, ServiceCalls services)
    {
        if (Fields.Parse(concertId) is not { } id) return Refuse(Refusal.NoConcert);
        var (show, unknown) = await programme.ShowAsync(new ConcertId(id), scheduleDate);
        if (unknown is not null) return Refuse(unknown);
        var (map, refusal) = await services.GetAsync<SeatMapResponse>(Apps.Reservation, $"/seats?showId={show!.ShowId}");
        return refusal is not null
            ? Refuse(refusal)
            : Answer<RootSeat[]>("Seats found.", [.. Programme.Free(map!)
                .Select(s => new RootSeat(s.Id.Value, id, scheduleDate!, s.Number, "AVAILABLE", s.Price.Value))]);
    }

    internal static async Task<IResult> Reserve(string concertId, HttpContext http, Desk desk, Programme programme)
    {
        if (await Fields.ReadAsync(http) is not { } body) return Refuse(Refusal.Malformed);
        if (body.Number("userId") is not { } user) return Refuse(s_noUser);
        if (Fields.Parse(concertId) is not { } id) return Refuse(Refusal.NoConcert);
        var (show, unknown) = await programme.ShowAsync(new ConcertId(id), body.Text("date"));
        if (unknown is not null) return Refuse(unknown);
        var seat = body.Number("seatId") is { } seatId ? new SeatId(seatId) : default;
        if (seat == default && body.Number("seatNo") is { } number)
        {
            var (numbered, noSeat) = await programme.SeatAsync(show!.ShowId, number);
            if (noSeat is not null) return Refuse(noSeat);
            seat = numbered!.Id;
        }
        if (seat == default) return Refuse(new(400, "INVALID", "seatId: a seat is expected."));
        var (held, refusal) = await desk.HoldAsync(new(user), http.Request.Headers["Queue-Token"], show!.ShowId, seat);
        return refusal is not null
            ? Refuse(refusal)
            : Answer("Seat held.", new RootReservation(held!.Number, id, Programme.DayOf(show), seat.Value,
                (int)(body.Number("seatNo") ?? seat.Number), held.ExpiresAt));
    }

    internal static async Task<IResult> Pay(string reservationId, HttpContext http, Desk desk, TimeProvider clock)
    {
        if (await Fields.ReadAsync(http) is not { } body) return Refuse(Refusal.Malformed);
        if (body.Number("userId") is not { } user) return Refuse(s_noUser);
        if (Fields.Parse(reservationId) is not { } number) return Refuse(Refusal.NoReservation);
        var (receipt, refusal) = await desk.PayAsync(new(user), http.Request.Headers["Queue-Token"], number, reservation => Check(reservation, body));
        if (refusal is not null) return Refuse(refusal);
        var paid = receipt!.Payment.Amount.Value;
        return Answer("Paid.", new RootPayment(number, "SOLD", receipt.Balance, receipt.Reservation.Amount.Value, paid, clock.GetUtcNow()));
    }

    internal static async Task<IResult> Balance(string? userId, Desk desk)
    {
        if (Fields.Parse(userId) is not { } user) return Refuse(s_noUser);
        var (points, refusal) = await desk.BalanceAsync(new(user));
        return refusal is not null ? Refuse(refusal) : Answer("Balance found.", new RootBalance(user, points!.Points.Value));
    }

    // What the client says of seat and amount must be right; it need not say it.
    private static Refusal? Check(ReservationResponse reservation, Fields body)
    {
        if (body.Has("seatId") && reservation.Seats.All(s => s.Value != body.Number("seatId")))
            return new(400, "SEAT_MISMATCH", "The reservation is of another seat.");
        return body.Object("paymentInfo") is { } info && info.Has("amount") && info.Number("amount") != reservation.Amount.Value
            ? new(400, "AMOUNT_MISMATCH", $"The price is {reservation.Amount}.")
            : null;
    }

    private static RootToken Token(HouseTicket ticket)
    {
        var standing = ticket.Standing;
        var status = standing.Status switch
        {
            QueueStatus.Entered => "ACTIVE",
            QueueStatus.Waiting => "PENDING",
            _ => "EXPIRED",
        };
        return new(ticket.Token, ticket.Token, standing.Position, status, standing.Status == QueueStatus.Entered, standing.ExpiresAt);
    }

    private static JsonHttpResult<RootEnvelope<T>> Answer<T>(string message, T data, string? status = null) =>
        TypedResults.Json(new RootEnvelope<T>(true, message, data, status));

    private static JsonHttpResult<RootEnvelope<object>> Refuse(Refusal refusal) =>
        TypedResults.Json(new RootEnvelope<object>(false, $"{refusal.Code}: {refusal.Message}", null), statusCode: refusal.IsFault ? refusal.Status : 400);
}
