using ConcertDapr.Contracts;
using ConcertDapr.ServiceDefaults;
using Microsoft.AspNetCore.Http.HttpResults;

namespace ConcertDapr.Reservation;

/// <summary>What fans do with reservations (behind the gateway).</summary>
internal static class ReservationEndpoints
{
    public static void MapReservations(this WebApplication app)
    {
        app.MapPost("/holds", PlaceHold);
        app.MapGet("/seats", Seats);
        app.MapGet("/mine", Mine);
        app.MapGet("/reservation", One);
        app.MapGet("/numbered", Numbered);
        app.MapPost("/cancel", Cancel);
    }

    internal static async Task<Results<Ok<ReservationResponse>, ProblemHttpResult>> PlaceHold(Caller caller, AdmittedPlace place, IdempotencyKey key, ShowId showId,
        HoldRequest request, ShowPlans plans, SeatMaps maps, Reservations reservations, ReservationStore rows, HoldPolicy policy, TimeProvider clock)
    {
        if (Refuse(request, policy) is { } malformed) return malformed;
        if (await plans.FindAsync(showId) is not { } plan) return Problem.NotFound("SHOW_NOT_FOUND", "There is no such date.", "showId");
        if (!place.Admits(showId.Concert)) return Problem.Of(403, "QUEUE_TOKEN_FOREIGN", "The queue token is for another concert.", "Queue-Token");

        var id = ReservationId.For(caller.User, key.Value);
        var fingerprint = Fingerprint(showId, request);
        if (key.Value is not null && await rows.FindAsync(id) is { } first)
            return first.Request == fingerprint ? TypedResults.Ok(Answer(first, clock)) : KeyReused();
        if (!plan.IsOnSale(clock.GetUtcNow())) return Problem.Of(409, "SALE_CLOSED", "The sale has not opened.");

        var outcome = request.SeatIds is { } named
            ? await HoldNamedAsync(caller.User, id, fingerprint, plan, named, reservations)
            : await HoldBestAsync(caller.User, id, fingerprint, plan, request, maps, reservations);
        switch (outcome)
        {
            case HoldAnswer.Held held:
                ReservationMetrics.Placed.Add();
                return TypedResults.Ok(Answer(held.Row, clock));
            case HoldAnswer.Refused refused:
                return refused.Why;
            default:
                throw new InvalidOperationException($"Unknown outcome {outcome}");
        }
    }

    internal static async Task<Results<FileContentHttpResult, ProblemHttpResult>> Seats(ShowId showId, SeatMaps maps) =>
        await maps.GetAsync(showId) is { } map
            ? TypedResults.Bytes(map.Body, "application/json; charset=utf-8")
            : Problem.NotFound("SHOW_NOT_FOUND", "There is no such date.", "showId");

    internal static async Task<Ok<ReservationResponse[]>> Mine(Caller caller, ReservationStore rows, TimeProvider clock) =>
        TypedResults.Ok((await rows.OfUserAsync(caller.User)).Select(r => Answer(r, clock)).ToArray());

    internal static async Task<Results<Ok<ReservationResponse>, ProblemHttpResult>> One(Caller caller, ReservationId reservationId, ReservationStore rows,
        TimeProvider clock)
    {
        var row = await rows.FindAsync(reservationId);
        return OwnerRefusal(row, caller) is { } refusal ? refusal : TypedResults.Ok(Answer(row!, clock));
    }

    internal static async Task<Results<Ok<ReservationResponse>, ProblemHttpResult>> Numbered(Caller caller, long number, ReservationStore rows,
        TimeProvider clock)
    {
        var row = await rows.FindAsync(number);
        return OwnerRefusal(row, caller) is { } refusal ? refusal : TypedResults.Ok(Answer(row!, clock));
    }

    internal static async Task<Results<Ok<ReservationResponse>, ProblemHttpResult>> Cancel(Caller caller, ReservationId reservationId, ReservationStore rows,
        Reservations reservations, TimeProvider clock)
    {
        var row = await rows.FindAsync(reservationId);
        if (OwnerRefusal(row, caller) is { } refusal) return refusal;
        var after = await reservations.CancelAsync(row!);
        return after.Status == ReservationStatus.Confirmed
            ? Problem.Of(409, "ALREADY_PAID", "The reservation is paid; it cannot be cancelled.")
            : TypedResults.Ok(Answer(after, clock));
    }

    internal static ReservationResponse Answer(ReservationRow row, TimeProvider clock) =>
        new(row.Id, row.Show, row.Seats, row.Amount, row.StatusAt(clock.GetUtcNow()), row.ExpiresAt, row.Payment, row.Number);

    private static async Task<HoldAnswer> HoldNamedAsync(UserId user, ReservationId id, string fingerprint, ShowPlan plan, IReadOnlyList<SeatId> seats,
        Reservations reservations)
    {
        foreach (var unknown in seats.Where(s => !plan.Has(s)))
            return new HoldAnswer.Refused(Problem.NotFound("SEAT_NOT_FOUND", $"Seat {unknown} is not one of this date.", "seatIds"));
        switch (await reservations.HoldAsync(user, id, fingerprint, plan, [.. seats.Order(s_byValue)]))
        {
            case HoldOutcome.Held held:
                return new HoldAnswer.Held(held.Reservation);
            case HoldOutcome.Taken taken:
                ReservationMetrics.Taken.Add();
                return new HoldAnswer.Refused(Problem.Of(409, "SEAT_TAKEN", "Somebody else has these seats.", "seatIds",
                    ("seatIds", taken.Seats.Select(s => s.Value).ToArray())));
            default:
                return new HoldAnswer.Refused(KeyReused());
        }
    }

    private static async Task<HoldAnswer> HoldBestAsync(UserId user, ReservationId id, string fingerprint, ShowPlan plan, HoldRequest request, SeatMaps maps,
        Reservations reservations)
    {
        for (var attempt = 0; attempt < 5; attempt++)
        {
            var rows = attempt == 0 ? (await maps.GetAsync(plan.Layout.ShowId))!.Rows : await maps.RowsAsync(plan);
            if (SeatMaps.Choose(plan, rows, request.Quantity!.Value, request.Grade, request.Adjacent) is not { } seats) break;
            switch (await reservations.HoldAsync(user, id, fingerprint, plan, seats))
            {
                case HoldOutcome.Held held: return new HoldAnswer.Held(held.Reservation);
                case HoldOutcome.KeyReused: return new HoldAnswer.Refused(KeyReused());
            }
        }
        ReservationMetrics.SoldOut.Add();
        return new HoldAnswer.Refused(Problem.Of(409, "NOT_ENOUGH_SEATS", "There are not enough such seats left."));
    }

    private static ProblemHttpResult? Refuse(HoldRequest request, HoldPolicy policy)
    {
        if (request.SeatIds is { } seats)
        {
            if (request.Quantity is not null) return Problem.Invalid("quantity", "Name seats or ask for a quantity, not both.");
            if (seats.Count == 0) return Problem.Invalid("seatIds", "At least one seat is expected.");
            if (seats.Count > policy.MaxSeats) return TooMany("seatIds", policy);
            return seats.Distinct().Count() == seats.Count ? null : Problem.Invalid("seatIds", "A seat is named twice.", "DUPLICATE_SEAT");
        }
        if (request.Quantity is not { } quantity) return Problem.Invalid("seatIds", "Seats or a quantity are expected.");
        if (quantity < 1) return Problem.Invalid("quantity", "At least one seat is expected.");
        return quantity > policy.MaxSeats ? TooMany("quantity", policy) : null;
    }

    private static ProblemHttpResult TooMany(string field, HoldPolicy policy) =>
        Problem.Invalid(field, $"At most {policy.MaxSeats} seats at once.", "TOO_MANY_SEATS");

    private static ProblemHttpResult KeyReused() =>
        Problem.Of(422, "IDEMPOTENCY_KEY_REUSED", "This key came with another request before.", "Idempotency-Key");

    private static ProblemHttpResult? OwnerRefusal(ReservationRow? row, Caller caller)
    {
        if (row is null) return Problem.NotFound("RESERVATION_NOT_FOUND", "There is no such reservation.", "reservationId");
        return row.User == caller.User ? null : Problem.Of(403, "NOT_YOUR_RESERVATION", "This reservation is somebody else's.", "reservationId");
    }

    private static string Fingerprint(ShowId show, HoldRequest request) => request.SeatIds is { } seats
        ? $"{show}:{string.Join(',', seats.Order(s_byValue))}"
        : $"{show}:best:{request.Quantity}:{request.Grade}:{request.Adjacent}";

    private static readonly Comparer<SeatId> s_byValue = Comparer<SeatId>.Create((a, b) => a.Value.CompareTo(b.Value));

    private abstract record HoldAnswer
    {
        public sealed record Held(ReservationRow Row) : HoldAnswer;
        public sealed record Refused(ProblemHttpResult Why) : HoldAnswer;
    }
}
