using ConcertDapr.Contracts;
using ConcertDapr.ServiceDefaults;
using ConcertDapr.ServiceDefaults.Rooms;

namespace ConcertDapr.Gateway;

/// <summary>The public API: who answers what, and who may ask. The table is the routing.</summary>
internal static class PublicApi
{
    public static void MapPublicApi(this WebApplication app)
    {
        var open = app.MapGroup("/api/v1");
        open.Forward("POST", "/users", Apps.Users, "/accounts/register").Takes<RegisterRequest>().Gives<AccountResponse>(201).Tagged("Accounts");
        open.Forward("GET", "/concerts", Apps.Catalog, "/concerts").Gives<ConcertPage>().Tagged("Catalog");
        open.Forward("GET", "/concerts/{concertId}", Apps.Catalog, "/concert").Gives<ConcertResponse>().Tagged("Catalog");
        open.Forward("GET", "/concerts/{concertId}/dates", Apps.Catalog, "/dates").Gives<IReadOnlyList<ShowResponse>>().Tagged("Catalog");
        open.Forward("GET", "/concerts/dates/{showId}/seats", Apps.Reservation, "/seats").Gives<SeatMapResponse>().Tagged("Catalog");
        open.Forward("GET", "/queues/{targetId}", Apps.Queue, "/figures").Gives<QueueFigures>().Tagged("Waiting room");
        open.Forward("GET", "/queues/{targetId}/events", Apps.Queue, "/events", streams: true).Gives<QueueAdvanced>(type: "text/event-stream").Tagged("Waiting room");

        var fans = app.MapGroup("/api/v1").RequireAuthorization();
        fans.Forward("GET", "/users/me", Apps.Users, "/accounts/me").Gives<AccountResponse>().Tagged("Accounts");
        fans.Forward("GET", "/users/me/points", Apps.Users, "/points/balance").Gives<PointsResponse>().Tagged("Points");
        fans.Forward("GET", "/users/me/points/history", Apps.Users, "/points/history").Gives<LedgerPage>().Tagged("Points");
        fans.Forward("POST", "/users/me/points/charges", Apps.Users, "/points/charges").Takes<ChargePointsRequest>().Gives<PointsResponse>().Tagged("Points");
        fans.Forward("GET", "/users/me/reservations", Apps.Reservation, "/mine").Gives<ReservationResponse[]>().Tagged("Reservations");
        fans.Forward("POST", "/queues/tokens/{targetId}", Apps.Queue, "/join").Gives<QueueTokenResponse>().Tagged("Waiting room");
        fans.Forward("POST", "/queues/enter", Apps.Queue, "/enter").Takes<EnterRequest>().Gives<EnterResponse>().Tagged("Waiting room");
        fans.Forward("DELETE", "/queues/tokens", Apps.Queue, "/leave").Gives(204).Tagged("Waiting room");
        fans.Forward("GET", "/reservations/{reservationId}", Apps.Reservation, "/reservation").Gives<ReservationResponse>().Tagged("Reservations");
        fans.Forward("DELETE", "/reservations/{reservationId}", Apps.Reservation, "/cancel").Gives<ReservationResponse>().Tagged("Reservations");
        fans.Forward("GET", "/payments/{paymentId}", Apps.Payment, "/payment").Gives<PaymentResponse>().Tagged("Payments");

        var admitted = app.MapGroup("/api/v1").RequireAuthorization();
        admitted.Forward("POST", "/reservations/{showId}", Apps.Reservation, "/holds", admission: true).Takes<HoldRequest>().Gives<ReservationResponse>().Tagged("Reservations");
        admitted.Forward("POST", "/payments", Apps.Payment, "/payments", admission: true, isRepeatable: true).Takes<PaymentRequest>().Gives<PaymentResponse>().Gives<PaymentResponse>(202).Tagged("Payments");

        var organizers = app.MapGroup("/api/v1/admin").RequireAuthorization(Identity.Organizer);
        organizers.Forward("POST", "/concerts", Apps.Catalog, "/concerts").Takes<CreateConcertRequest>().Gives<ConcertResponse>(201).Tagged("Organizing");
        organizers.Forward("POST", "/concerts/{concertId}/sale", Apps.Catalog, "/sale").Takes<OpenSaleRequest>().Gives<ConcertResponse>().Tagged("Organizing");
    }

    /// <summary>The room moved: read it now instead of at the next poll.</summary>
    public static void MapQueueEvents(this WebApplication app)
    {
        app.UseCloudEvents();
        app.MapPost("/events/queue-advanced", async (QueueAdvanced moved, RoomSnapshots rooms) =>
        {
            await rooms.RefreshAsync(moved.Target);
            return TypedResults.Ok();
        }).ExcludeFromDescription();
    }

    private static RouteHandlerBuilder Forward(this RouteGroupBuilder group, string verb, string pattern, string app, string path, bool admission = false,
        bool isRepeatable = false, bool streams = false) =>
        group.MapMethods(pattern, [verb], admission
            ? async (HttpContext context, Forwarder forwarder, Admission admissions) =>
            {
                var (place, refusal, isOver) = await admissions.CheckAsync(context.Request.Headers["Queue-Token"], Identity.UserOf(context.User));
                // A payment that is repeated because its answer got lost finds its session over; the service refuses a new one.
                if (refusal is not null && !(isRepeatable && isOver)) await refusal.ExecuteAsync(context);
                else await forwarder.ForwardAsync(context, app, path, place);
            }
            : (HttpContext context, Forwarder forwarder) => forwarder.ForwardAsync(context, app, path, streams: streams))
            .WithMetadata(new RouteNeeds(QueueToken: admission || path is "/enter" or "/leave", IdempotencyKey: path is "/holds" or "/payments" or "/points/charges"));

    private static RouteHandlerBuilder Takes<T>(this RouteHandlerBuilder route) where T : notnull => route.Accepts<T>(isOptional: true, "application/json");

    private static RouteHandlerBuilder Gives<T>(this RouteHandlerBuilder route, int status = 200, string type = "application/json") =>
        route.Produces<T>(status, type).Refuses();

    private static RouteHandlerBuilder Gives(this RouteHandlerBuilder route, int status) => route.Produces(status).Refuses();

    private static RouteHandlerBuilder Refuses(this RouteHandlerBuilder route)
    {
        foreach (var status in new[] { 400, 401, 403, 404, 409, 422, 429, 503 }) route.ProducesProblem(status);
        return route;
    }

    private static RouteHandlerBuilder Tagged(this RouteHandlerBuilder route, string tag) => route.WithTags(tag);
}
