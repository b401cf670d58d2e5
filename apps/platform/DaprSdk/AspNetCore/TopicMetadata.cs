namespace Dapr
{
    /// <summary>An endpoint receives this topic.</summary>
    public interface ITopicMetadata
    {
        string Name { get; }

        string PubsubName { get; }

        /// <summary>A CEL expression that chooses this endpoint; null for the default route.</summary>
        string? Match { get; }

        /// <summary>Lower is tried first.</summary>
        int Priority { get; }
    }

    /// <summary>Whether messages come without an envelope.</summary>
    public interface IRawTopicMetadata
    {
        bool? EnableRawPayload { get; }
    }

    /// <summary>Where messages go whose handling failed for good.</summary>
    public interface IDeadLetterTopicMetadata
    {
        string? DeadLetterTopic { get; }
    }

    /// <summary>A subscription metadata entry; without id it belongs to every topic of the endpoint.</summary>
    public interface IOriginalTopicMetadata
    {
        string? Id { get; }

        string Name { get; }

        string Value { get; }
    }

    /// <summary>Which metadata entries belong to a topic, and how several values are joined.</summary>
    public interface IOwnedOriginalTopicMetadata
    {
        string[]? OwnedMetadatas { get; }

        string? MetadataSeparator { get; }
    }
}

namespace Dapr.AspNetCore
{
    /// <summary>An endpoint receives a topic's messages in batches.</summary>
    public interface IBulkSubscribeMetadata
    {
        int MaxMessagesCount { get; }

        int MaxAwaitDurationMs { get; }

        string TopicName { get; }
    }
}
