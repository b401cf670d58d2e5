using ConcertDapr.ServiceDefaults;

namespace ConcertDapr.Notification;

/// <summary>Where events go: the service's log always, and a web hook where <c>Notification:Webhook</c> names one.</summary>
/// <param name="Name">The channel's name in the deliveries table.</param>
/// <param name="Address">Receives each event as a POST; null for the log.</param>
internal sealed record Channel(string Name, Uri? Address)
{
    /// <summary>Reads the settings.</summary>
    public static IReadOnlyList<Channel> From(Settings settings) => settings.Address("Notification:Webhook") is { } hook
        ? [new("log", null), new("webhook", hook)]
        : [new("log", null)];
}
