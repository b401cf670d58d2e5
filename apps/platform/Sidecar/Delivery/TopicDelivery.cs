using System.Globalization;
using System.Text.Json;
using ConcertDapr.Sidecar.Api;
using ConcertDapr.Sidecar.Cel;
using ConcertDapr.Sidecar.Invocation;
using ConcertDapr.Sidecar.PubSub;
using ConcertDapr.Sidecar.Telemetry;
using ConcertDapr.Wire.Otlp;
using Microsoft.Extensions.Logging;

namespace ConcertDapr.Sidecar.Delivery;

/// <summary>What deliveries need of their sidecar.</summary>
internal sealed record DeliveryContext(AppChannel App, bool Tracing, TimeProvider Clock, ILogger Log, SpanExporter? Spans = null);

/// <summary>
/// Brings the messages of one subscription to the app: inbound policy around each attempt, then the dead-letter topic.
/// An exception means that the message could not be handled and has no dead-letter topic.
/// </summary>
internal class TopicDelivery(Subscription subscription, PubSubComponent component, DeliveryContext context)
{
    protected Subscription Subscription => subscription;

    protected PubSubComponent Component => component;

    protected DeliveryContext Context => context;

    public virtual async Task HandleAsync(BusMessage message, CancellationToken cancellationToken)
    {
        try
        {
            await component.Inbound.RunAsync(
                token => AttemptAsync(message, token), cancellationToken, static e => e is DroppedException or KeepPendingException);
        }
        catch (Exception e) when (!(e is OperationCanceledException && cancellationToken.IsCancellationRequested))
        {
            await GiveUpAsync(message, e);
        }
    }

    /// <summary>Dead-letters or drops what failed for good; rethrows what has nowhere to go.</summary>
    protected async Task GiveUpAsync(BusMessage message, Exception failure)
    {
        if (failure is KeepPendingException) throw failure;
        if (subscription.DeadLetterTopic is { } topic)
        {
            await DeadLetterAsync(message, topic, failure);
            return;
        }
        if (failure is not DroppedException) throw new InvalidOperationException(failure.Message, failure);
        context.Log.EventDropped(message.Topic, failure.Message);
    }

    /// <summary>The route for an event; null when no rule matches.</summary>
    /// <exception cref="CelEvaluationException">A rule cannot be evaluated for this event.</exception>
    protected string? Route(JsonElement cloudEvent)
    {
        var scope = EventScope.Of(cloudEvent);
        foreach (var rule in subscription.Rules)
            if (rule.Match is null || rule.Match.IsTrue(scope)) return rule.Path;
        return null;
    }

    protected bool IsExpired(JsonElement cloudEvent) =>
        cloudEvent.TryGetProperty("expiration", out var text) && text.ValueKind == JsonValueKind.String
        && DateTimeOffset.TryParse(text.GetString(), CultureInfo.InvariantCulture, DateTimeStyles.RoundtripKind, out var time)
        && time <= context.Clock.GetUtcNow();

    /// <exception cref="RetryRequestedException">The message is no JSON object.</exception>
    protected static JsonDocument Parse(BusMessage message)
    {
        try
        {
            var document = JsonDocument.Parse(message.Data, new JsonDocumentOptions { MaxDepth = 1000 });
            if (document.RootElement.ValueKind == JsonValueKind.Object) return document;
            document.Dispose();
            throw new RetryRequestedException($"a message of topic {message.Topic} is no CloudEvent");
        }
        catch (JsonException e)
        {
            throw new RetryRequestedException($"error deserializing cloud event of topic {message.Topic}: {e.Message}");
        }
    }

    protected virtual async Task AttemptAsync(BusMessage message, CancellationToken cancellationToken)
    {
        if (subscription.IsRaw)
        {
            var wrapped = CloudEvents.WrapRaw(message, subscription.PubSub);
            using var raw = JsonDocument.Parse(wrapped);
            await PostAsync(message, wrapped, Route(raw.RootElement), null, cancellationToken);
            return;
        }
        using var document = Parse(message);
        var cloudEvent = document.RootElement;
        if (IsExpired(cloudEvent)) throw new DroppedException("it has expired");
        await PostAsync(message, message.Data, Route(cloudEvent), Trace(cloudEvent), cancellationToken);
    }

    private static string Trace(JsonElement cloudEvent) => TextOf(cloudEvent, "traceparent") ?? TextOf(cloudEvent, "traceid") ?? "";

    private static string? TextOf(JsonElement element, string name) =>
        element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private async Task PostAsync(
        BusMessage message, ReadOnlyMemory<byte> body, string? route, string? trace, CancellationToken cancellationToken)
    {
        if (route is null) throw new DroppedException($"no matching route for an event of topic {message.Topic}");
        using var request = context.App.Request(HttpMethod.Post, route);
        request.Content = AppChannel.JsonContent(body, CloudEvents.ContentType);
        var span = trace is null ? null : TraceContext.Continue(trace, context.Tracing);
        if (span is not null) request.Headers.TryAddWithoutValidation("traceparent", span);
        foreach (var (name, value) in message.Metadata)
            if (!name.Equals("pubsubname", StringComparison.OrdinalIgnoreCase)) request.Headers.TryAddWithoutValidation(name, value);
        request.Headers.TryAddWithoutValidation("pubsubname", subscription.PubSub);
        var start = context.Clock.GetUtcNow();
        var failed = true;
        try
        {
            using var answer = await context.App.SendAsync(request, cancellationToken);
            await AppReply.CheckAsync(answer.Response, message.Topic, cancellationToken);
            failed = false;
        }
        finally
        {
            if (span is not null) context.Spans?.Add($"Deliver/{message.Topic}", Span.Types.SpanKind.Consumer, trace, span, start, failed);
        }
    }

    private async Task DeadLetterAsync(BusMessage message, string topic, Exception failure)
    {
        var metadata = new Dictionary<string, string>(message.Metadata) { ["pubsubName"] = component.Name };
        try
        {
            await component.Outbound.RunAsync(
                token => component.Bus.PublishAsync(topic, message.Data, metadata, token), CancellationToken.None);
            context.Log.DeadLettered(message.Topic, topic, failure.Message);
        }
        catch (Exception e)
        {
            throw new KeepPendingException($"cannot publish to dead letter topic {topic}: {e.Message}", e);
        }
    }
}
