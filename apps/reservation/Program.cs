using ConcertDapr.Contracts;
using ConcertDapr.Reservation;
using ConcertDapr.ServiceDefaults;
using Dapr.DistributedLock.Extensions;

return await ConcertService.RunAsync(Apps.Reservation, args, ReservationJson.Default,
    (builder, settings) =>
    {
        ReservationMetrics.Export();
        builder.AddDatabase<ReservationStore>(settings, Apps.Reservation);
        builder.Services.AddSingleton(HoldPolicy.From(settings));
        builder.Services.AddDaprDistributedLock(lifetime: ServiceLifetime.Singleton);
        builder.Services.AddSingleton<ShowPlans>();
        builder.Services.AddSingleton<BlockLock>();
        builder.Services.AddSingleton<BlockStore>();
        builder.Services.AddSingleton<ReservationStore>();
        builder.Services.AddSingleton<SeatMaps>();
        builder.Services.AddSingleton<Reservations>();
        builder.AddWarmUp(settings, Apps.Reservation, new("GET", "/mine"), new("GET", "/seats?showId=1001"),
            new("POST", "/holds?showId=1001", """{"seatIds":[1]}"""));
        builder.Services.AddHostedService<ExpiryWatch>();
        builder.Services.AddActors(actors => actors.Actors.RegisterActor<ShowActor>());
    },
    app =>
    {
        app.UseSidecarOnly();
        app.MapReservations();
        app.MapSagaSteps();
        app.MapActorsHandlers();
    });
