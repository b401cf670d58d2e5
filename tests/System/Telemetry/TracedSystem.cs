using System.Diagnostics;
using System.Globalization;
using ConcertDapr.Contracts;

namespace ConcertDapr.Tests;

/// <summary>A third system, which exports traces, metrics and logs; every replica says where it runs.</summary>
public sealed class TracedSystem() : RunningSystem(13_000, "--set", $"OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:{ReceiverPort.ToString(CultureInfo.InvariantCulture)}",
    "--set", "OTEL_METRIC_EXPORT_INTERVAL=500", "--set", "OTEL_BSP_SCHEDULE_DELAY=200",
    "--set", "OTEL_RESOURCE_ATTRIBUTES=k8s.pod.name=laptop-0,service.instance.id=laptop-0")
{
    private const int ReceiverPort = 17_317;

    public OtlpReceiver Receiver { get; private set; } = null!;

    public override async ValueTask InitializeAsync()
    {
        Receiver = await OtlpReceiver.StartAsync(ReceiverPort);
        await base.InitializeAsync();
    }

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        await Receiver.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    /// <summary>Buys a ticket; all of its requests carry the trace context of one fan's browser.</summary>
    public async Task<BoughtTicket> BuyAsync()
    {
        var (sale, trace) = (await OpenSaleAsync(), ActivityTraceId.CreateRandom().ToHexString());
        using var http = new HttpClient { BaseAddress = Gateway };
        http.DefaultRequestHeaders.Add("traceparent", $"00-{trace}-{BrowserSpan}-01");
        var fan = new Client(http, $"test-user-{NextFan().User}");
        await fan.EnterAsync(sale.Concert);
        var held = (await fan.HoldAsync(sale, null, 1)).Body<ReservationResponse>();
        var paid = (await fan.PayAsync(held)).Body<PaymentResponse>();
        return new(trace, paid);
    }

    /// <summary>The span that a browser would have made of the purchase.</summary>
    public const string BrowserSpan = "00000000000000aa";
}

/// <summary>A purchase and its trace.</summary>
public sealed record BoughtTicket(string Trace, PaymentResponse Payment);

/// <summary>Tests that share one such system.</summary>
[CollectionDefinition(nameof(TracedSystem))]
public sealed class TracedSystemUsers : ICollectionFixture<TracedSystem>;
