namespace Dapr.AspNetCore;

/// <summary>The endpoint takes a topic's messages in batches.</summary>
[AttributeUsage(AttributeTargets.All, AllowMultiple = true)]
public class BulkSubscribeAttribute : Attribute, IBulkSubscribeMetadata
{
    public BulkSubscribeAttribute(string topicName) => TopicName = topicName;

    public BulkSubscribeAttribute(string topicName, int maxMessagesCount) : this(topicName) =>
        MaxMessagesCount = maxMessagesCount;

    public BulkSubscribeAttribute(string topicName, int maxMessagesCount, int maxAwaitDurationMs)
        : this(topicName, maxMessagesCount) => MaxAwaitDurationMs = maxAwaitDurationMs;

    public int MaxMessagesCount { get; } = 100;

    public int MaxAwaitDurationMs { get; } = 1000;

    public string TopicName { get; }
}

/// <summary>Batch settings given in code; see <c>WithBulkSubscribe</c>.</summary>
public class BulkSubscribeTopicOptions
{
    public int MaxMessagesCount { get; set; } = 100;

    public int MaxAwaitDurationMs { get; set; } = 1000;

    public string TopicName { get; set; } = null!;
}

/// <summary>A delivered batch.</summary>
public class BulkSubscribeMessage<TValue>
{
    public BulkSubscribeMessage()
    {
    }

    public BulkSubscribeMessage(
        List<BulkSubscribeMessageEntry<TValue>> entries, string topic, Dictionary<string, string> metadata)
    {
        Entries = entries;
        Topic = topic;
        Metadata = metadata;
    }

    public List<BulkSubscribeMessageEntry<TValue>> Entries { get; set; } = null!;

    public string Topic { get; set; } = null!;

    public Dictionary<string, string> Metadata { get; set; } = null!;
}

/// <summary>A message of a batch.</summary>
public class BulkSubscribeMessageEntry<TValue>
{
    public BulkSubscribeMessageEntry()
    {
    }

    public BulkSubscribeMessageEntry(
        string entryId, string contentType, Dictionary<string, string> metadata, TValue eventData)
    {
        EntryId = entryId;
        ContentType = contentType;
        Metadata = metadata;
        Event = eventData;
    }

    public string EntryId { get; set; } = null!;

    public string ContentType { get; set; } = null!;

    public Dictionary<string, string> Metadata { get; set; } = null!;

    public TValue Event { get; set; } = default!;
}

/// <summary>An event envelope inside a batch.</summary>
public class BulkMessageModel<TValue>
{
    public BulkMessageModel()
    {
    }

    public BulkMessageModel(
        string id, string source, string type, string specversion, string datacontenttype, TValue data)
    {
        Id = id;
        Source = source;
        Type = type;
        Specversion = specversion;
        Datacontenttype = datacontenttype;
        Data = data;
    }

    public string Id { get; set; } = null!;

    public string Source { get; set; } = null!;

    public string Type { get; set; } = null!;

    public string Specversion { get; set; } = null!;

    public string Datacontenttype { get; set; } = null!;

    public TValue Data { get; set; } = default!;
}

/// <summary>What becomes of a message: done, delivered again, or given up.</summary>
public enum BulkSubscribeAppResponseStatus
{
    SUCCESS,
    RETRY,
    DROP,
}

/// <summary>The answer for one message of a batch.</summary>
public class BulkSubscribeAppResponseEntry(string entryId, BulkSubscribeAppResponseStatus status)
{
    public string EntryId { get; } = entryId;

    public string Status { get; } = status.ToString();
}

/// <summary>The answer for a batch; messages without an entry are delivered again.</summary>
public class BulkSubscribeAppResponse(List<BulkSubscribeAppResponseEntry> statuses)
{
    public List<BulkSubscribeAppResponseEntry> Statuses { get; } = statuses;
}
