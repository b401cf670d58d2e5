using System.Text.Json.Serialization.Metadata;
using Dapr.Client;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace ConcertDapr.ServiceDefaults;

/// <summary>Runs one service: settings checked, database prepared, problems mapped, probes answered.</summary>
public static class ConcertService
{
    /// <summary>EX_CONFIG of sysexits: the process was misconfigured and did not start.</summary>
    public const int Misconfigured = 78;

    /// <summary>
    /// Builds and runs a service until it is stopped. Returns the exit code: 0, or <see cref="Misconfigured"/> after one line
    /// on standard error. The argument <c>migrate</c> prepares the database and ends; <c>probe</c> asks the service that runs in
    /// the same container whether it is ready (0) or not (1); <c>settings</c> prints what can be set: name, default, bounds and
    /// <c>secret</c>, with tabs between them.
    /// </summary>
    /// <param name="name">The service's Dapr app id.</param>
    /// <param name="args">The process's arguments.</param>
    /// <param name="json">The service's generated JSON types.</param>
    /// <param name="add">Adds the service's own parts, reading its settings.</param>
    /// <param name="map">Maps its endpoints.</param>
    public static async Task<int> RunAsync(string name, string[] args, IJsonTypeInfoResolver json,
        Action<WebApplicationBuilder, Settings> add, Action<WebApplication> map)
    {
        try
        {
            if (args is ["probe", ..]) return await Probe.RunAsync(name, args.ElementAtOrDefault(1) ?? "/readyz", Settings.OfEnvironment());
            var app = Build(name, args, json, add, map);
            await using (app)
            {
                if (args.Contains("settings")) return Print(app.Services.GetRequiredService<Settings>());
                if (app.Services.GetService<Database>() is { } database) await database.PrepareAsync(app.Lifetime.ApplicationStopping);
                if (!args.Contains("migrate")) await app.RunAsync();
            }
            return 0;
        }
        catch (SettingException e)
        {
            await Console.Error.WriteLineAsync($"{name}: {e.Message}");
            return Misconfigured;
        }
    }

    private static int Print(Settings settings)
    {
        foreach (var s in settings.Known) Console.WriteLine($"{s.Name}\t{s.Default}\t{s.Bounds}\t{(s.IsSecret ? "secret" : "")}");
        return 0;
    }

    private static WebApplication Build(string name, string[] args, IJsonTypeInfoResolver json,
        Action<WebApplicationBuilder, Settings> add, Action<WebApplication> map)
    {
        var builder = WebApplication.CreateSlimBuilder(args);
        var settings = new Settings(builder.Configuration);
        builder.AddConcertDefaults(name, settings, json);
        add(builder, settings);
        var app = builder.Build();
        app.UseSpanNames(settings);
        app.UseExceptionHandler();
        app.UseStatusCodePages(ProblemWriter.WriteBareStatusAsync);
        app.MapGet("/livez", () => TypedResults.Ok()).ExcludeFromDescription().DisableHttpMetrics();
        app.MapGet("/readyz", (IEnumerable<IReadiness> parts) => Readiness.CheckAsync(parts)).ExcludeFromDescription().DisableHttpMetrics();
        map(app);
        return app;
    }

    private static void AddConcertDefaults(this WebApplicationBuilder builder, string name, Settings settings, IJsonTypeInfoResolver json)
    {
        if (settings.OptionalNumber("APP_PORT", 0, 65535) is { } port) builder.WebHost.UseUrls($"http://{settings.Text("Listen:Address", "127.0.0.1")}:{port}");
        // Handlers never block, so they may run right where the socket's data arrived: two thread switches less per request.
        builder.WebHost.UseSockets(sockets => sockets.UnsafePreferInlineScheduling = true);
        builder.WebHost.ConfigureKestrel(k =>
        {
            k.AddServerHeader = false;
            k.Limits.MaxRequestBodySize = settings.Number("Limits:RequestBytes", 1 << 20, 1, 64 << 20);
        });
        builder.AddConcertLogging(settings);
        builder.AddConcertTelemetry(name, settings);

        var services = builder.Services;
        services.AddSingleton(settings);
        services.AddSingleton(TimeProvider.System);
        services.AddShutdown(settings);
        services.AddSingleton(new AppToken(settings.Secret("APP_API_TOKEN", 16)));
        services.ConfigureHttpJsonOptions(o => ConcertJson.Configure(o.SerializerOptions, json));
        services.Configure<RouteHandlerOptions>(o => o.ThrowOnBadRequest = true);
        services.AddProblemDetails();
        services.AddExceptionHandler<ProblemWriter>();
        services.AddDaprClient(dapr => dapr.UseJsonSerializationOptions(ConcertJson.Options));
        services.AddSingleton<EventPublisher>();
    }

    private static void AddConcertLogging(this WebApplicationBuilder builder, Settings settings)
    {
        builder.Logging.ClearProviders();
        if (settings.Flag("Logging:Json", false)) builder.Logging.AddJsonConsole();
        else builder.Logging.AddSimpleConsole(o => { o.SingleLine = true; o.TimestampFormat = "HH:mm:ss.fff "; });
        builder.Logging.AddFilter("Microsoft.AspNetCore", LogLevel.Warning);
        builder.Logging.AddFilter("Microsoft.Hosting.Lifetime", LogLevel.Warning);
        builder.Logging.AddFilter("System.Net.Http", LogLevel.Warning);
        // The exception handler writes one line of its own for each fault.
        builder.Logging.AddFilter("Microsoft.AspNetCore.Diagnostics", LogLevel.None);
    }
}
