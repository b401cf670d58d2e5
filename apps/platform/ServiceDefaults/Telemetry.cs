using System.Diagnostics;
using System.Diagnostics.Metrics;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using OpenTelemetry;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace ConcertDapr.ServiceDefaults;

/// <summary>The project's own spans and instruments; exported by OTLP where <c>OTEL_EXPORTER_OTLP_ENDPOINT</c> is set, free otherwise.</summary>
public static class ConcertTelemetry
{
    /// <summary>Name of the activity source and the meter.</summary>
    public const string Name = "ConcertDapr";

    /// <summary>Spans of business steps.</summary>
    public static readonly ActivitySource Source = new(Name);

    /// <summary>Business instruments.</summary>
    public static readonly Meter Meter = new(Name);

    internal static void AddConcertTelemetry(this WebApplicationBuilder builder, string service, Settings settings)
    {
        if (settings.Address("OTEL_EXPORTER_OTLP_ENDPOINT") is null) return;
        builder.Services.AddHostedService(_ => new Exporters(service));
    }

    private sealed class Exporters(string service) : IHostedService, IDisposable
    {
        private TracerProvider? _traces;
        private MeterProvider? _metrics;

        public Task StartAsync(CancellationToken cancellationToken)
        {
            var resource = ResourceBuilder.CreateDefault().AddService(service);
            _traces = Sdk.CreateTracerProviderBuilder().SetResourceBuilder(resource)
                .AddSource(Name, "Microsoft.AspNetCore", "System.Net.Http", "Npgsql").AddOtlpExporter().Build();
            _metrics = Sdk.CreateMeterProviderBuilder().SetResourceBuilder(resource)
                .AddMeter(Name, "Microsoft.AspNetCore.Hosting", "Microsoft.AspNetCore.Server.Kestrel", "Npgsql", "System.Runtime")
                .AddOtlpExporter().Build();
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
}
