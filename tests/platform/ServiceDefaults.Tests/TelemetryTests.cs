using System.Diagnostics.Metrics;
using ConcertDapr.ServiceDefaults;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace ConcertDapr.Tests;

public class TelemetryTests
{
    [Theory]
    [InlineData(null, 0)]
    [InlineData("http://127.0.0.1:4317", 1)]
    public void Providers_are_made_only_where_something_is_to_be_sent_to(string? endpoint, int expected)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.Configuration["OTEL_EXPORTER_OTLP_ENDPOINT"] = endpoint;
        var before = Count<IHostedService>(builder.Services);

        builder.AddConcertTelemetry("test", new Settings(builder.Configuration));

        (Count<IHostedService>(builder.Services) - before).ShouldBe(expected);
        Count<ILoggerProvider>(builder.Services).ShouldBe(expected);
    }

    [Fact]
    public void Tallies_are_there_from_zero_on_one_instrument_for_all_values_of_a_label()
    {
        var (taken, busy) = (new Tally("test.conflicts", "{hold}", "For the test", "reason", "taken"), new Tally("test.conflicts", "{hold}", "For the test", "reason", "busy"));
        Tally.Export(taken, busy);
        Read("test.conflicts").ShouldBe(["taken 0", "busy 0"], ignoreOrder: true);

        taken.Add();
        taken.Add(2);

        Read("test.conflicts").ShouldBe(["taken 3", "busy 0"], ignoreOrder: true);
    }

    private static int Count<T>(IServiceCollection services) => services.Count(s => s.ServiceType == typeof(T));

    private static List<string> Read(string name)
    {
        var read = new List<string>();
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, listening) =>
            {
                if (instrument.Name == name) listening.EnableMeasurementEvents(instrument);
            },
        };
        listener.SetMeasurementEventCallback<long>((_, value, labels, _) => read.Add($"{labels[0].Value} {value}"));
        listener.Start();
        listener.RecordObservableInstruments();
        return read;
    }
}
