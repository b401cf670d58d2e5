using ConcertDapr.Contracts;
using ConcertDapr.Queue;
using ConcertDapr.ServiceDefaults;
using ConcertDapr.ServiceDefaults.Rooms;

return await ConcertService.RunAsync(Apps.Queue, args, QueueJson.Default,
    (builder, settings) =>
    {
        QueueMetrics.Export();
        builder.Services.AddSingleton(QueueTokens.From(settings));
        builder.Services.AddSingleton(RoomPolicies.From(settings));
        builder.Services.AddSingleton<RoomSnapshots>();
        builder.Services.AddHostedService(services => services.GetRequiredService<RoomSnapshots>());
        builder.Services.AddSingleton<RoomStore>();
        builder.Services.AddSingleton<RoomCalls>();
        builder.AddWarmUp(settings, Apps.Queue, new("GET", "/figures?targetId=1"), new("POST", "/join?targetId=0"), new("POST", "/enter", "{}"));
        builder.Services.AddActors(actors =>
        {
            actors.Actors.RegisterActor<WaitingRoomActor>();
            actors.JsonSerializerOptions = ConcertJson.Options;
        });
    },
    app =>
    {
        app.UseSidecarOnly();
        app.UseCloudEvents();
        app.MapQueue();
        app.MapPaymentEvents();
        app.MapActorsHandlers();
    });
