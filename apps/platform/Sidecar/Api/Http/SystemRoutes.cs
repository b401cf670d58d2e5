using System.Text;
using System.Text.Json;
using ConcertDapr.Sidecar.Components;
using ConcertDapr.Sidecar.Delivery;
using Grpc.Core;
using Microsoft.AspNetCore.Http;

namespace ConcertDapr.Sidecar.Api.Http;

/// <summary>Health, metadata and shutdown.</summary>
internal static class SystemRoutes
{
    /// <summary>Probes need no token and carry no trace.</summary>
    public static bool IsProbe(RequestPath path) => path.Count >= 2 && path.StartsWith("v1.0", "healthz");

    public static Task? TryProbe(HttpContext context, SidecarRuntime runtime, RequestPath path)
    {
        if (!HttpMethods.IsGet(context.Request.Method)) return null;
        if (path.Count == 3 && path[2] == "outbound") return Outbound(context, runtime);
        return path.Count == 2 ? Healthz(context, runtime, path) : null;
    }

    public static Task? TryHandle(ApiCall call) => (call.Path[1], call.Path.Count, call.Method) switch
    {
        ("metadata", 2, "GET") => Answers.JsonAsync(call.Context, 200, writer => WriteMetadata(writer, call.Runtime)),
        ("metadata", 3, "PUT") => PutMetadataAsync(call),
        ("shutdown", 2, "POST") => Shutdown(call),
        _ => null,
    };

    private static Task Healthz(HttpContext context, SidecarRuntime runtime, RequestPath path)
    {
        if (path.Parameter("appid") is { } appId && appId != runtime.AppId)
            throw new DaprError(500, "ERR_HEALTH_APPID_NOT_MATCH", StatusCode.Internal, "dapr app-id does not match");
        return runtime.Health.Ready ? Answers.NoContent(context)
            : throw new DaprError(500, "ERR_HEALTH_NOT_READY", StatusCode.Internal, $"dapr is not ready: [{runtime.Health.Missing}]");
    }

    private static Task Outbound(HttpContext context, SidecarRuntime runtime) => runtime.Health.OutboundReady
        ? Answers.NoContent(context)
        : throw new DaprError(500, "ERR_OUTBOUND_HEALTH_NOT_READY", StatusCode.Internal, "dapr outbound is not ready");

    private static async Task PutMetadataAsync(ApiCall call)
    {
        var body = await call.ReadBodyAsync();
        call.Runtime.Metadata.Set(call.Path.Text(2), Encoding.UTF8.GetString(body.Span));
        await Answers.NoContent(call.Context);
    }

    private static Task Shutdown(ApiCall call)
    {
        call.Context.Response.OnCompleted(() =>
        {
            call.Runtime.RequestShutdown();
            return Task.CompletedTask;
        });
        return Answers.NoContent(call.Context);
    }

    private static void WriteMetadata(Utf8JsonWriter writer, SidecarRuntime runtime)
    {
        var metadata = runtime.Metadata;
        writer.WriteStartObject();
        writer.WriteString("id", runtime.AppId);
        writer.WriteString("runtimeVersion", MetadataApi.RuntimeVersion);
        WriteTexts(writer, "enabledFeatures", MetadataApi.EnabledFeatures);
        WriteActors(writer, "actors", runtime);
        WriteComponents(writer, metadata.Components);
        writer.WritePropertyName("extended");
        Answers.WriteMap(writer, metadata.Extended);
        WriteSubscriptions(writer, metadata.Subscriptions);
        WriteNames(writer, "httpEndpoints", metadata.HttpEndpoints);
        WriteApp(writer, runtime.Options);
        WriteActorRuntime(writer, runtime);
        if (runtime.Actors.SchedulerAddress is { } scheduler)
        {
            writer.WriteStartObject("scheduler");
            WriteTexts(writer, "connected_addresses", [scheduler]);
            writer.WriteEndObject();
        }
        if (metadata.ConnectedWorkers() is > 0 and var workers)
        {
            writer.WriteStartObject("workflows");
            writer.WriteNumber("connectedWorkers", workers);
            writer.WriteEndObject();
        }
        WriteNames(writer, "resiliencies", runtime.Resiliency.Names);
        writer.WriteEndObject();
    }

    private static void WriteTexts(Utf8JsonWriter writer, string name, IReadOnlyList<string> texts)
    {
        if (texts.Count == 0) return;
        writer.WriteStartArray(name);
        foreach (var text in texts) writer.WriteStringValue(text);
        writer.WriteEndArray();
    }

    private static void WriteNames(Utf8JsonWriter writer, string name, IReadOnlyList<string> names)
    {
        if (names.Count == 0) return;
        writer.WriteStartArray(name);
        foreach (var one in names)
        {
            writer.WriteStartObject();
            writer.WriteString("name", one);
            writer.WriteEndObject();
        }
        writer.WriteEndArray();
    }

    private static void WriteActors(Utf8JsonWriter writer, string name, SidecarRuntime runtime)
    {
        var actors = runtime.Actors.ActiveActors;
        if (actors.Count == 0) return;
        writer.WriteStartArray(name);
        foreach (var (type, count) in actors)
        {
            writer.WriteStartObject();
            writer.WriteString("type", type);
            if (count > 0) writer.WriteNumber("count", count);
            writer.WriteEndObject();
        }
        writer.WriteEndArray();
    }

    private static void WriteComponents(Utf8JsonWriter writer, IReadOnlyList<ComponentInfo> components)
    {
        if (components.Count == 0) return;
        writer.WriteStartArray("components");
        foreach (var component in components)
        {
            writer.WriteStartObject();
            writer.WriteString("name", component.Name);
            writer.WriteString("type", component.Type);
            writer.WriteString("version", component.Version);
            WriteTexts(writer, "capabilities", component.Capabilities);
            writer.WriteEndObject();
        }
        writer.WriteEndArray();
    }

    private static void WriteSubscriptions(Utf8JsonWriter writer, IReadOnlyList<Subscription> subscriptions)
    {
        if (subscriptions.Count == 0) return;
        writer.WriteStartArray("subscriptions");
        foreach (var subscription in subscriptions)
        {
            writer.WriteStartObject();
            writer.WriteString("pubsubname", subscription.PubSub);
            writer.WriteString("topic", subscription.Topic);
            if (subscription.Metadata.Count > 0)
            {
                writer.WritePropertyName("metadata");
                Answers.WriteMap(writer, subscription.Metadata);
            }
            WriteRules(writer, subscription.Rules);
            writer.WriteString("deadLetterTopic", subscription.DeadLetterTopic ?? "");
            writer.WriteString("type", subscription.Kind);
            writer.WriteEndObject();
        }
        writer.WriteEndArray();
    }

    private static void WriteRules(Utf8JsonWriter writer, IReadOnlyList<RouteRule> rules)
    {
        writer.WriteStartArray("rules");
        foreach (var rule in rules)
        {
            writer.WriteStartObject();
            if (rule.Match is not null) writer.WriteString("match", rule.Match.Source);
            writer.WriteString("path", rule.Path);
            writer.WriteEndObject();
        }
        writer.WriteEndArray();
    }

    private static void WriteApp(Utf8JsonWriter writer, SidecarOptions options)
    {
        writer.WriteStartObject("appConnectionProperties");
        if (options.AppPort is { } port) writer.WriteNumber("port", port);
        writer.WriteString("protocol", options.AppProtocol);
        writer.WriteString("channelAddress", options.AppChannelAddress);
        if (options.AppMaxConcurrency > 0) writer.WriteNumber("maxConcurrency", options.AppMaxConcurrency);
        if (options.AppHealthCheck is { } health)
        {
            writer.WriteStartObject("health");
            writer.WriteString("healthCheckPath", health.Path);
            writer.WriteString("healthProbeInterval", DurationText.ToGo(health.Interval));
            writer.WriteString("healthProbeTimeout", DurationText.ToGo(health.Timeout));
            writer.WriteNumber("healthThreshold", health.Threshold);
            writer.WriteEndObject();
        }
        writer.WriteEndObject();
    }

    private static void WriteActorRuntime(Utf8JsonWriter writer, SidecarRuntime runtime)
    {
        var (status, ready) = runtime.Actors.Status;
        writer.WriteStartObject("actorRuntime");
        writer.WriteString("runtimeStatus", status);
        WriteActors(writer, "activeActors", runtime);
        writer.WriteBoolean("hostReady", ready);
        if (status != "INITIALIZING") writer.WriteString("placement", ready ? "placement: connected" : "placement: disconnected");
        writer.WriteEndObject();
    }
}
