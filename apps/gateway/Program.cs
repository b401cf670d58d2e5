using ConcertDapr.Contracts;
using ConcertDapr.Gateway;
using ConcertDapr.Gateway.Compat;
using ConcertDapr.ServiceDefaults;
using ConcertDapr.ServiceDefaults.Rooms;

return await ConcertService.RunAsync(Apps.Gateway, args, GatewayJson.Default,
    (builder, settings) =>
    {
        builder.AddProxies(settings);
        builder.AddIdentity(settings);
        builder.AddRateLimits(settings);
        builder.Services.AddSingleton(QueueTokens.From(settings));
        builder.Services.AddSingleton<RoomSnapshots>();
        builder.Services.AddHostedService(services => services.GetRequiredService<RoomSnapshots>());
        builder.Services.AddSingleton<Admission>();
        builder.Services.AddSingleton<AppClients>();
        builder.Services.AddSingleton<Forwarder>();
        builder.AddCompat();
        builder.AddWarmUp(settings, Apps.Gateway, new("GET", "/api/v1/concerts"), new("GET", "/api/v1/queues/1"), new("GET", "/api/v1/users/me/points"),
            new("POST", "/api/v1/reservations/1001", "{}"));
        builder.Services.AddOpenApi("v1", ApiDocument.Describe);
    },
    app =>
    {
        app.UseForwardedHeaders();
        app.UseEdgeRules();
        app.UseAuthentication();
        app.UseAuthorization();
        app.UseRateLimiter();
        app.MapPublicApi();
        app.MapCompat(app.Services.GetRequiredService<Settings>());
        app.MapLogin();
        app.MapQueueEvents();
        app.MapOpenApi("/openapi/{documentName}.json");
    });
