using ConcertDapr.Contracts;
using ConcertDapr.ServiceDefaults;
using ConcertDapr.Users;

return await ConcertService.RunAsync(Apps.Users, args, UsersJson.Default,
    (builder, settings) =>
    {
        UsersMetrics.Export();
        builder.AddDatabase<AccountStore>(settings, Apps.Users);
        builder.Services.AddSingleton<AccountStore>();
        builder.Services.AddSingleton<PointsLedger>();
        builder.AddWarmUp(settings, Apps.Users, new("GET", "/points/balance"), new("GET", "/accounts/me"), new("POST", "/points/charges", """{"amount":0}"""));
        if (settings.Flag("Demo:Seed", false)) builder.Services.AddHostedService<DemoAccounts>();
    },
    app =>
    {
        app.UseSidecarOnly();
        app.MapAccounts();
        app.MapPoints();
    });
