using System.Diagnostics.Metrics;
using ConcertDapr.ServiceDefaults;

namespace ConcertDapr.Notification;

/// <summary>Events on their way out.</summary>
internal static class NotificationMetrics
{
    /// <summary>Events that some service could not handle, kept for a replay.</summary>
    public static readonly Tally DeadLetters = new("concert.dead_letters", "{event}", "Events that some service could not handle, kept for a replay");

    private static readonly Counter<long> s_deliveries = ConcertTelemetry.Meter.CreateCounter<long>("concert.deliveries", "{delivery}",
        "Attempts to deliver an event, by channel (log, webhook) and outcome (delivered, failed)");

    /// <summary>Makes them visible.</summary>
    public static void Export() => Tally.Export(DeadLetters);

    /// <summary>A channel has the event.</summary>
    public static void Delivered(Channel channel) => Count(channel, "delivered");

    /// <summary>A channel did not take the event.</summary>
    public static void Failed(Channel channel) => Count(channel, "failed");

    private static void Count(Channel channel, string outcome) =>
        s_deliveries.Add(1, new KeyValuePair<string, object?>("channel", channel.Name), new KeyValuePair<string, object?>("outcome", outcome));
}
