using System.Globalization;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Wire = ConcertDapr.Wire.Runtime;

namespace Dapr.Client;

internal sealed partial class DaprGrpcClient
{
    private const string JsonType = "application/json";
    private const string EnvelopeType = "application/cloudevents+json";

    public override Task PublishEventAsync<TData>(
        string pubsubName, string topicName, TData data, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(data);
        return PublishAsync(pubsubName, topicName, ToJson(data), TypeOf(data), null, cancellationToken);
    }

    public override Task PublishEventAsync<TData>(
        string pubsubName, string topicName, TData data, Dictionary<string, string> metadata,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(data);
        ArgumentNullException.ThrowIfNull(metadata);
        return PublishAsync(pubsubName, topicName, ToJson(data), TypeOf(data), metadata, cancellationToken);
    }

    public override Task PublishEventAsync(
        string pubsubName, string topicName, CancellationToken cancellationToken = default) =>
        PublishAsync(pubsubName, topicName, null, null, null, cancellationToken);

    public override Task PublishEventAsync(
        string pubsubName, string topicName, Dictionary<string, string> metadata,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(metadata);
        return PublishAsync(pubsubName, topicName, null, null, metadata, cancellationToken);
    }

    public override Task PublishByteEventAsync(
        string pubsubName, string topicName, ReadOnlyMemory<byte> data, string dataContentType = JsonType,
        Dictionary<string, string>? metadata = null, CancellationToken cancellationToken = default) =>
        PublishAsync(
            pubsubName, topicName, ByteString.CopyFrom(data.Span), dataContentType ?? JsonType, metadata, cancellationToken);

    public override async Task<BulkPublishResponse<TValue>> BulkPublishEventAsync<TValue>(
        string pubsubName, string topicName, IReadOnlyList<TValue> events,
        Dictionary<string, string>? metadata = null, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(pubsubName);
        ArgumentException.ThrowIfNullOrEmpty(topicName);
        ArgumentNullException.ThrowIfNull(events);
        var request = new Wire.BulkPublishRequest { PubsubName = pubsubName, Topic = topicName };
        Copy(metadata, request.Metadata);
        request.Entries.AddRange(events.Select((data, index) => Entry(data, index, metadata)));

        var answer = await CallAsync(
            "Bulk Publish", "BulkPublishEvent", request, Wire.BulkPublishResponse.Parser, cancellationToken);
        return new BulkPublishResponse<TValue>([.. answer.FailedEntries.Select(failed =>
        {
            var entry = request.Entries.First(e => e.EntryId == failed.EntryId);
            var data = events[int.Parse(entry.EntryId, CultureInfo.InvariantCulture)];
            return new BulkPublishResponseFailedEntry<TValue>(
                new BulkPublishEntry<TValue>(entry.EntryId, data, entry.ContentType, new(entry.Metadata)), failed.Error);
        })]);
    }

    private Wire.BulkPublishEntry Entry<TValue>(TValue data, int index, Dictionary<string, string>? metadata)
    {
        var entry = new Wire.BulkPublishEntry { EntryId = index.ToString(CultureInfo.InvariantCulture) };
        (entry.Event, entry.ContentType) = data is byte[] bytes
            ? (ByteString.CopyFrom(bytes), "application/octet-stream")
            : (ToJson(data), TypeOf(data));
        Copy(metadata, entry.Metadata);
        return entry;
    }

    private Task<Empty> PublishAsync(
        string pubsubName, string topicName, ByteString? data, string? contentType,
        Dictionary<string, string>? metadata, CancellationToken cancellationToken)
    {
        ArgumentException.ThrowIfNullOrEmpty(pubsubName);
        ArgumentException.ThrowIfNullOrEmpty(topicName);
        var request = new Wire.PublishEventRequest
        {
            PubsubName = pubsubName,
            Topic = topicName,
            Data = data ?? ByteString.Empty,
            DataContentType = contentType ?? "",
        };
        Copy(metadata, request.Metadata);
        return CallAsync("Publish", "PublishEvent", request, Empty.Parser, cancellationToken);
    }

    private static string TypeOf<T>(T data) => data is CloudEvent ? EnvelopeType : JsonType;
}
