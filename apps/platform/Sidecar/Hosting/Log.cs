using Microsoft.Extensions.Logging;

namespace ConcertDapr.Sidecar;

/// <summary>Everything this runtime logs. Nothing is logged per request.</summary>
internal static partial class Log
{
    [LoggerMessage(LogLevel.Warning, "{File} cannot be read as YAML and is skipped: {Reason}")]
    public static partial void UnreadableManifest(this ILogger log, string file, string reason);

    [LoggerMessage(LogLevel.Warning, "spans cannot be exported to {Address}, they are dropped: {Reason}")]
    public static partial void SpansNotExported(this ILogger log, Uri address, string reason);

    [LoggerMessage(LogLevel.Warning, "error processing Redis message of topic {Topic}: {Reason}")]
    public static partial void DeliveryFailed(this ILogger log, string topic, string reason);

    [LoggerMessage(LogLevel.Error, "cannot acknowledge message {Id} of topic {Topic}, it will come again: {Reason}")]
    public static partial void AcknowledgeFailed(this ILogger log, string topic, string id, string reason);

    [LoggerMessage(LogLevel.Error, "cannot read topic {Topic}: {Reason}")]
    public static partial void ReadFailed(this ILogger log, string topic, string reason);

    [LoggerMessage(LogLevel.Information, "component loaded: {Component}")]
    public static partial void ComponentLoaded(this ILogger log, string component);

    [LoggerMessage(LogLevel.Warning, "component {Component} is left out (ignoreErrors): {Reason}")]
    public static partial void ComponentIgnored(this ILogger log, string component, string reason);

    [LoggerMessage(LogLevel.Information, "dapr initialized. Status: Running. HTTP port {HttpPort}, gRPC port {GrpcPort}, internal port {InternalPort}")]
    public static partial void Running(this ILogger log, int httpPort, int grpcPort, int internalPort);

    [LoggerMessage(LogLevel.Information, "waiting for the application to listen on port {Port}")]
    public static partial void WaitingForApp(this ILogger log, int port);

    [LoggerMessage(LogLevel.Information, "application discovered on port {Port}")]
    public static partial void AppFound(this ILogger log, int port);

    [LoggerMessage(LogLevel.Error, "error reading {Path} of the app: {Reason}")]
    public static partial void AppAnswerUnusable(this ILogger log, string path, string reason);

    [LoggerMessage(LogLevel.Information, "app is subscribed to the following topics: [{Topics}]")]
    public static partial void Subscribed(this ILogger log, string topics);

    [LoggerMessage(LogLevel.Error, "cannot subscribe to topic {Topic} of {PubSub}: {Reason}")]
    public static partial void SubscribeFailed(this ILogger log, string pubSub, string topic, string reason);

    [LoggerMessage(LogLevel.Warning, "dropping event of topic {Topic}: {Reason}")]
    public static partial void EventDropped(this ILogger log, string topic, string reason);

    [LoggerMessage(LogLevel.Warning, "event of topic {Topic} sent to dead letter topic {DeadLetterTopic}: {Reason}")]
    public static partial void DeadLettered(this ILogger log, string topic, string deadLetterTopic, string reason);

    [LoggerMessage(LogLevel.Warning, "app health: {State}")]
    public static partial void AppHealthChanged(this ILogger log, string state);

    [LoggerMessage(LogLevel.Error, "resiliency {Name} of {File} is ignored: {Reason}")]
    public static partial void ResiliencyIgnored(this ILogger log, string name, string file, string reason);

    [LoggerMessage(LogLevel.Warning, "the app's answer to {Method} {Path} broke off, and so did this one: {Reason}")]
    public static partial void AnswerBrokeOff(this ILogger log, string method, string path, string reason);

    [LoggerMessage(LogLevel.Error, "unexpected error on {Method} {Path}")]
    public static partial void Unexpected(this ILogger log, Exception error, string method, string path);

    [LoggerMessage(LogLevel.Error, "{Work} failed")]
    public static partial void BackgroundFailed(this ILogger log, Exception error, string work);

    [LoggerMessage(LogLevel.Information, "shutting down")]
    public static partial void ShuttingDown(this ILogger log);

    [LoggerMessage(LogLevel.Warning, "{Kind} {Name} of actor {Actor} failed: {Reason}")]
    public static partial void TickFailed(this ILogger log, string kind, string name, string actor, string reason);

    [LoggerMessage(LogLevel.Warning, "actor {Actor} is deactivated although the app did not confirm it: {Reason}")]
    public static partial void DeactivationRefused(this ILogger log, string actor, string reason);

    [LoggerMessage(LogLevel.Error, "a stored reminder cannot be read and is left alone: {Reason}")]
    public static partial void ReminderUnreadable(this ILogger log, string reason);

    [LoggerMessage(LogLevel.Information, "hosting actor types: [{Types}]")]
    public static partial void HostingActors(this ILogger log, string types);

    [LoggerMessage(LogLevel.Warning, "the app has actor types, but no state component says actorStateStore: \"true\": actors are off")]
    public static partial void NoActorStore(this ILogger log);

    [LoggerMessage(LogLevel.Warning, "the leases of {Table} cannot be renewed for now: {Reason}")]
    public static partial void LeasesSilent(this ILogger log, string table, string reason);
}
