using ConcertDapr.Contracts;
using ConcertDapr.Notification;
using ConcertDapr.ServiceDefaults;

return await ConcertService.RunAsync(Apps.Notification, args, NotificationJson.Default,
    (builder, settings) =>
    {
        NotificationMetrics.Export();
        builder.AddDatabase<DeliveryStore>(settings, Apps.Notification);
        builder.Services.AddSingleton<DeliveryStore>();
        builder.Services.AddSingleton(Channel.From(settings));
        builder.Services.AddHttpClient<Courier>(http => http.Timeout = TimeSpan.FromSeconds(4));
    },
    app =>
    {
        app.UseSidecarOnly();
        app.MapBusinessEvents();
        app.MapReplay();
    });
