using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Reflection;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using OpenTelemetry;
using OpenTelemetry.Logs;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace ConcertDapr.ServiceDefaults;

/// <summary>
/// Traces, metrics and logs by OTLP where <c>OTEL_EXPORTER_OTLP_ENDPOINT</c> is set. Without it nobody listens: no provider is made,
/// and an instrument that nobody listens to costs a check. The variables of the OpenTelemetry SDK apply: <c>OTEL_EXPORTER_OTLP_PROTOCOL</c>
/// (<c>grpc</c> unless <c>http/protobuf</c>), <c>OTEL_EXPORTER_OTLP_HEADERS</c>, <c>OTEL_RESOURCE_ATTRIBUTES</c>, <c>OTEL_METRIC_EXPORT_INTERVAL</c>.
/// </summary>
public static class ConcertTelemetry
{
    private const int MetricsEveryMilliseconds = 15_000;

    /// <summary>Name of the meter.</summary>
    public const string Name = "ConcertDapr";

    /// <summary>Business instruments; each service's are in its <c>*Metrics.cs</c>.</summary>
    public static readonly Meter Meter = new(Name);

    private static readonly string[] s_sources = ["Microsoft.AspNetCore", "System.Net.Http", "Npgsql", "Dapr.Workflow"];

    private static readonly string[] s_meters =
        [Name, "Microsoft.AspNetCore.Hosting", "Microsoft.AspNetCore.Server.Kestrel", "Npgsql", "System.Runtime"];

    internal static void AddConcertTelemetry(this WebApplicationBuilder builder, string service, Settings settings)
    {
        var share = settings.Share("OTEL_TRACES_SAMPLER_ARG", 1);
        if (!IsOn(settings)) return;
        // Server spans then carry route and status by OpenTelemetry's names.
        AppContext.SetSwitch("Microsoft.AspNetCore.Hosting.SuppressActivityOpenTelemetryData", false);
        var resource = Describe(service);
        builder.Services.AddHostedService(_ => new Exporters(resource, share));
        builder.Logging.AddOpenTelemetry(logs =>
        {
            logs.SetResourceBuilder(resource);
            logs.IncludeFormattedMessage = true;
            logs.AddOtlpExporter();
        });
    }

    /// <summary>Names server spans by what was asked for, without ids: <c>POST /payments</c>. Does nothing where nothing is exported.</summary>
    internal static void UseSpanNames(this WebApplication app, Settings settings)
    {
        if (!IsOn(settings)) return;
        app.Use((context, next) =>
        {
            if (context.Features.Get<IHttpActivityFeature>()?.Activity is { IsAllDataRequested: true } span)
            {
                var route = (context.GetEndpoint() as RouteEndpoint)?.RoutePattern.RawText;
                span.DisplayName = route is null ? context.Request.Method : $"{context.Request.Method} {route}";
                span.SetTag("http.route", route);
            }
            return next(context);
        });
    }

    private static bool IsOn(Settings settings) => settings.Address("OTEL_EXPORTER_OTLP_ENDPOINT") is not null;

    /// <summary>Who exports. What the environment says of it (pod, node, version) comes last and prevails.</summary>
    private static ResourceBuilder Describe(string service) => ResourceBuilder.CreateEmpty()
        .AddService(service, serviceVersion: Version(), serviceInstanceId: Environment.MachineName)
        .AddTelemetrySdk()
        .AddEnvironmentVariableDetector();

    private static string? Version() =>
        Assembly.GetEntryAssembly()?.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0];

    private sealed class Exporters(ResourceBuilder resource, double share) : IHostedService, IDisposable
    {
        private TracerProvider? _traces;
        private MeterProvider? _metrics;

        public Task StartAsync(CancellationToken cancellationToken)
        {
            _traces = Sdk.CreateTracerProviderBuilder().SetResourceBuilder(resource).SetSampler(new ParentBasedSampler(new BusinessSampler(share)))
                .AddSource(s_sources).AddOtlpExporter().Build();
            _metrics = Sdk.CreateMeterProviderBuilder().SetResourceBuilder(resource).AddMeter(s_meters)
                .AddOtlpExporter((_, reader) => reader.PeriodicExportingMetricReaderOptions.ExportIntervalMilliseconds ??= MetricsEveryMilliseconds)
                .Build();
            return Task.CompletedTask;
        }

        public Task StopAsync(CancellationToken cancellationToken)
        {
            _traces?.ForceFlush(2000);
            _metrics?.ForceFlush(2000);
            return Task.CompletedTask;
        }

        public void Dispose()
        {
            _traces?.Dispose();
            _metrics?.Dispose();
        }
    }

    /// <summary>
    /// Begins traces where a request came in: not for probes, ticks of timers, questions of the sidecar, and what a service does on its
    /// own again and again.
    /// </summary>
    private sealed class BusinessSampler(double share) : Sampler
    {
        private readonly TraceIdRatioBasedSampler _some = new(share);

        public override SamplingResult ShouldSample(in SamplingParameters samplingParameters) =>
            samplingParameters.Kind == ActivityKind.Server && !IsRoutine(samplingParameters.Tags)
                ? _some.ShouldSample(samplingParameters)
                : new(SamplingDecision.Drop);

        private static bool IsRoutine(IEnumerable<KeyValuePair<string, object?>>? tags) =>
            tags?.FirstOrDefault(t => t.Key == "url.path").Value is string path
            && (path is "/livez" or "/readyz" || path.StartsWith("/actors/", StringComparison.Ordinal) || path.StartsWith("/dapr/", StringComparison.Ordinal));
    }
}
