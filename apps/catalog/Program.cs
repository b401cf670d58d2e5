using ConcertDapr.Catalog;
using ConcertDapr.Contracts;
using ConcertDapr.ServiceDefaults;

return await ConcertService.RunAsync(Apps.Catalog, args, CatalogJson.Default,
    (builder, settings) =>
    {
        builder.AddDatabase<ConcertStore>(settings, Apps.Catalog);
        builder.Services.AddSingleton<ConcertStore>();
        builder.Services.AddSingleton(new CatalogCacheOptions(settings.Seconds("Catalog:CacheSeconds", 5, 0, 3600)));
        builder.Services.AddSingleton<CatalogCache>();
        builder.AddWarmUp(settings, Apps.Catalog, new("GET", "/concerts"), new("GET", "/concert?concertId=1"), new("GET", "/dates?concertId=1"));
        if (settings.Flag("Demo:Seed", false)) builder.Services.AddHostedService<DemoConcerts>();
    },
    app =>
    {
        app.UseSidecarOnly();
        app.UseCloudEvents();
        app.MapConcerts();
        app.MapOrganizing();
    });
