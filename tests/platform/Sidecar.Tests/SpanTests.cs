using System.Collections.Concurrent;
using ConcertDapr.Sidecar;
using ConcertDapr.Sidecar.Telemetry;
using ConcertDapr.Wire.Otlp;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using YamlDotNet.RepresentationModel;

namespace ConcertDapr.Tests;

public sealed class SpanTests
{
    private const string Caller = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    [Fact]
    public async Task A_call_of_a_recorded_trace_becomes_a_span_under_its_callers()
    {
        await using var receiver = await Receiver.StartAsync();
        await using (var sidecar = await StartAsync(receiver.Address))
        {
            await GetAsync(sidecar, "/v1.0/state/store/key-1", Caller);
            await GetAsync(sidecar, "/v1.0/state/store/key-2", Caller[..^1] + "0");
            await GetAsync(sidecar, "/v1.0/state/store/key-3", null);
        }
        var (app, span) = receiver.Spans.ShouldHaveSingleItem();
        app.ShouldBe("spans");
        span.Name.ShouldBe("/v1.0/state/store");
        Convert.ToHexStringLower(span.TraceId.Span).ShouldBe("0af7651916cd43dd8448eb211c80319c");
        Convert.ToHexStringLower(span.ParentSpanId.Span).ShouldBe("b7ad6b7169203331");
        span.EndTimeUnixNano.ShouldBeGreaterThanOrEqualTo(span.StartTimeUnixNano);
    }

    [Fact]
    public async Task A_receiver_that_is_not_there_holds_nothing_up()
    {
        await using var sidecar = await StartAsync(new Uri($"http://127.0.0.1:{RedisServer.FreePort()}"));
        (await GetAsync(sidecar, "/v1.0/state/store/key", Caller)).ShouldBe(204);
    }

    [Theory]
    [InlineData("endpointAddress: \"collector:4317\"\nprotocol: grpc\nisSecure: false", null, null, "http://collector:4317/", true)]
    [InlineData("endpointAddress: \"collector:4318\"\nprotocol: http", "http://other:1", null, "https://collector:4318/", false)]
    [InlineData("protocol: grpc", "http://other:4317", null, "http://other:4317/", true)]
    [InlineData("protocol: grpc", "https://other:4318", "http/protobuf", "https://other:4318/", false)]
    public void The_configuration_comes_before_the_environment(string otel, string? endpoint, string? protocol, string address, bool isGrpc)
    {
        var yaml = new YamlStream();
        yaml.Load(new StringReader(otel));
        var target = OtlpTarget.Of(yaml.Documents[0].RootNode, name => name == "OTEL_EXPORTER_OTLP_ENDPOINT" ? endpoint : protocol);
        target.ShouldBe(new OtlpTarget(new Uri(address), isGrpc));
    }

    [Fact]
    public void Without_an_address_there_is_no_target() => OtlpTarget.Of(null, _ => null).ShouldBeNull();

    [Fact]
    public void An_address_that_is_none_stops_the_sidecar() =>
        Should.Throw<SidecarStartException>(() => OtlpTarget.Of(null, name => name == "OTEL_EXPORTER_OTLP_ENDPOINT" ? "http://" : null));

    private static async Task<TestSidecar> StartAsync(Uri receiver)
    {
        var file = Path.GetTempFileName();
        await File.WriteAllTextAsync(file, $$"""
            apiVersion: dapr.io/v1alpha1
            kind: Configuration
            metadata: {name: traced}
            spec:
              tracing:
                samplingRate: "1"
                otel: {endpointAddress: "{{receiver.Authority}}", protocol: http, isSecure: false}
            """);
        try
        {
            return await TestSidecar.StartAsync("spans", resources: TestSidecar.Component("store", "state.in-memory"), waitForApp: false,
                change: o => o with { ConfigPaths = [file] });
        }
        finally
        {
            File.Delete(file);
        }
    }

    private static async Task<int> GetAsync(TestSidecar sidecar, string path, string? traceparent)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        if (traceparent is not null) request.Headers.Add("traceparent", traceparent);
        using var answer = await sidecar.Http.SendAsync(request);
        return (int)answer.StatusCode;
    }

    /// <summary>Takes spans over HTTP.</summary>
    private sealed class Receiver(WebApplication app) : IAsyncDisposable
    {
        public ConcurrentQueue<(string App, Span Span)> Spans { get; } = new();

        public Uri Address => new(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First());

        public static async Task<Receiver> StartAsync()
        {
            var builder = WebApplication.CreateSlimBuilder();
            builder.WebHost.UseUrls("http://127.0.0.1:0");
            var receiver = new Receiver(builder.Build());
            receiver.Map();
            await receiver.StartServerAsync();
            return receiver;
        }

        public ValueTask DisposeAsync() => app.DisposeAsync();

        private Task StartServerAsync() => app.StartAsync();

        private void Map() => app.MapPost("/v1/traces", async (HttpRequest request) =>
        {
            using var body = new MemoryStream();
            await request.Body.CopyToAsync(body);
            foreach (var resource in ExportTraceServiceRequest.Parser.ParseFrom(body.ToArray()).ResourceSpans)
                foreach (var span in resource.ScopeSpans.SelectMany(s => s.Spans))
                    Spans.Enqueue((resource.Resource.Attributes.First(a => a.Key == "service.name").Value.StringValue, span));
            return Results.Ok();
        });
    }
}
