using System.Text.Json;
using ConcertDapr.Sidecar.PubSub;
using Grpc.Core;

namespace ConcertDapr.Sidecar.Api;

/// <summary>One event of a bulk publish.</summary>
/// <param name="Metadata">Null: the entry has none, not even the request's (gRPC).</param>
internal sealed record BulkEvent(string EntryId, ReadOnlyMemory<byte> Event, string ContentType, IReadOnlyDictionary<string, string>? Metadata);

/// <summary>An event that could not be published.</summary>
internal sealed record BulkFailure(string EntryId, string Error);

/// <summary>Publishing over any protocol. Throws <see cref="DaprError"/>.</summary>
internal sealed class PublishApi(string appId, IReadOnlyDictionary<string, PubSubComponent> components, TimeProvider clock)
{
    private static readonly Dictionary<string, string> NoMetadata = [];

    public IReadOnlyDictionary<string, PubSubComponent> Components => components;

    /// <summary>Checks names and rights, without publishing.</summary>
    public PubSubComponent Find(string pubsub, string topic)
    {
        if (pubsub.Length == 0)
            throw Rich(404, "ERR_PUBSUB_EMPTY", StatusCode.InvalidArgument, "pubsub name is empty", "", "DAPR_PUBSUB_NAME_EMPTY", null);
        if (!components.TryGetValue(pubsub, out var component)) throw NotFound(pubsub);
        if (topic.Length == 0)
            throw Rich(404, "ERR_TOPIC_EMPTY", StatusCode.InvalidArgument, $"topic is empty in pubsub {pubsub}", pubsub, "DAPR_PUBSUB_TOPIC_NAME_EMPTY", null);
        if (component.Access.MayPublish(topic)) return component;
        var message = $"topic {topic} is not allowed for app id {appId}";
        throw Rich(403, "ERR_PUBSUB_FORBIDDEN", StatusCode.PermissionDenied, message, pubsub, "DAPR_PUBSUB_FORBIDDEN",
            new() { ["topic"] = topic, ["error"] = message });
    }

    /// <summary>Wraps the data in a CloudEvent (unless <c>rawPayload</c>) and publishes it.</summary>
    public async Task PublishAsync(string pubsub, string topic, ReadOnlyMemory<byte> data, string? contentType,
        IReadOnlyDictionary<string, string>? metadata, TraceContext trace, CancellationToken cancellationToken)
    {
        var component = Find(pubsub, topic);
        var known = metadata ?? NoMetadata;
        var message = IsRaw(pubsub, known) ? data : Envelope(pubsub, topic, data, contentType, known, trace);
        try
        {
            await component.Outbound.RunAsync(token => component.Bus.PublishAsync(topic, message, metadata, token), cancellationToken);
        }
        catch (Exception e) when (StateApi.IsFailure(e, cancellationToken))
        {
            throw PublishFailed(pubsub, topic, e.Message);
        }
    }

    /// <summary>Publishes every event on its own; those that failed are returned, none is published when one is malformed.</summary>
    public async Task<IReadOnlyList<BulkFailure>> PublishBulkAsync(string pubsub, string topic, IReadOnlyList<BulkEvent> events,
        IReadOnlyDictionary<string, string> metadata, TraceContext trace, CancellationToken cancellationToken)
    {
        var component = Find(pubsub, topic);
        var raw = IsRaw(pubsub, metadata);
        CheckEntryIds(pubsub, topic, events);
        var messages = events.Select(entry =>
        {
            // Daprd adds the request's metadata only to entries that have a map of their own, be it empty.
            var own = entry.Metadata is null ? null : Merge(metadata, entry.Metadata);
            var merged = own ?? NoMetadata;
            return (entry.EntryId, Metadata: own,
                Data: raw || IsRaw(pubsub, merged) ? entry.Event : Envelope(pubsub, topic, entry.Event, entry.ContentType, merged, trace));
        }).ToArray();
        var failures = await Task.WhenAll(messages.Select(async message =>
        {
            try
            {
                await component.Outbound.RunAsync(
                    token => component.Bus.PublishAsync(topic, message.Data, message.Metadata, token), cancellationToken);
                return null;
            }
            catch (Exception e) when (StateApi.IsFailure(e, cancellationToken))
            {
                return new BulkFailure(message.EntryId, e.Message);
            }
        }));
        return [.. failures.OfType<BulkFailure>()];
    }

    public static DaprError PublishFailed(string pubsub, string topic, string error) => Rich(500, "ERR_PUBSUB_PUBLISH_MESSAGE",
        StatusCode.Internal, $"error when publishing to topic {topic} in pubsub {pubsub}: {error}", pubsub, "DAPR_PUBSUB_PUBLISH_MESSAGE",
        new() { ["topic"] = topic, ["error"] = error });

    /// <summary>A refusal of a bulk request's body.</summary>
    public DaprError MalformedEvents(string pubsub, string message, string reason, string? error) =>
        Rich(400, "ERR_PUBSUB_EVENTS_SER", StatusCode.InvalidArgument, message, pubsub, reason,
            error is null ? new() { ["appID"] = appId } : new() { ["appID"] = appId, ["error"] = error });

    private static Dictionary<string, string> Merge(IReadOnlyDictionary<string, string> request, IReadOnlyDictionary<string, string> entry)
    {
        var merged = new Dictionary<string, string>(request);
        foreach (var (name, value) in entry) merged[name] = value;
        return merged;
    }

    private static DaprError NotFound(string pubsub) =>
        new(404, "ERR_PUBSUB_NOT_FOUND", StatusCode.InvalidArgument, $"pubsub {pubsub} is not found")
        {
            Details = [new ErrorDetail.Info("DAPR_PUBSUB_NOT_FOUND", null)],
            HttpDetails = [new ErrorDetail.Info("DAPR_PUBSUB_NOT_FOUND", new Dictionary<string, string>())],
        };

    private static DaprError Rich(int status, string errorCode, StatusCode grpc, string message, string pubsub, string reason,
        Dictionary<string, string>? metadata)
    {
        ErrorDetail[] details = [new ErrorDetail.Resource("pubsub", pubsub, "", message), new ErrorDetail.Info(reason, metadata)];
        return new DaprError(status, errorCode, grpc, message) { Details = details, HttpDetails = details };
    }

    private static bool IsRaw(string pubsub, IReadOnlyDictionary<string, string> metadata)
    {
        var text = metadata.FirstOrDefault(pair => pair.Key.Equals("rawPayload", StringComparison.OrdinalIgnoreCase)).Value;
        switch (text)
        {
            case null or "":
                return false;
            case "1" or "t" or "T" or "TRUE" or "true" or "True":
                return true;
            case "0" or "f" or "F" or "FALSE" or "false" or "False":
                return false;
            default:
                var message = $"failed deserializing metadata. Error: rawPayload value must be a valid boolean: actual is '{text}'";
                throw Rich(400, "ERR_PUBSUB_REQUEST_METADATA", StatusCode.InvalidArgument, message, pubsub,
                    "DAPR_PUBSUB_METADATA_DESERIALIZATION", new() { ["rawPayload"] = text });
        }
    }

    private ReadOnlyMemory<byte> Envelope(string pubsub, string topic, ReadOnlyMemory<byte> data, string? contentType,
        IReadOnlyDictionary<string, string> metadata, TraceContext trace)
    {
        try
        {
            return CloudEvents.Create(data, new CloudEvents.Source(appId, pubsub, topic, contentType, metadata, trace, clock.GetLocalNow()));
        }
        catch (JsonException e)
        {
            throw Rich(500, "ERR_PUBSUB_CLOUD_EVENTS_SER", StatusCode.InvalidArgument, "cannot create cloudevent", pubsub,
                "DAPR_PUBSUB_CLOUD_EVENT_CREATION", new() { ["appID"] = appId, ["error"] = e.Message });
        }
    }

    private void CheckEntryIds(string pubsub, string topic, IReadOnlyList<BulkEvent> events)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        if (events.All(entry => entry.EntryId.Length > 0 && seen.Add(entry.EntryId))) return;
        const string error = "entryId is duplicated or not present for entry";
        throw MalformedEvents(pubsub, $"error marshaling events to bytes for topic {topic} pubsub {pubsub}. error: {error}",
            "DAPR_PUBSUB_MARSHAL_EVENTS", error);
    }
}
