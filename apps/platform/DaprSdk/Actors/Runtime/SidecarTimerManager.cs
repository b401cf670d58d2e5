using System.Text.Json;
using Dapr.Actors.Client;

namespace Dapr.Actors.Runtime;

/// <summary>What a timer or reminder tick, or a stored reminder, carries.</summary>
internal sealed record Tick(byte[] Data, string Callback, TimeSpan DueTime, TimeSpan Period)
{
    /// <summary>Null when nothing in it is known.</summary>
    public static Tick? Read(ReadOnlySpan<byte> body)
    {
        var reader = new Utf8JsonReader(body);
        if (JsonElement.ParseValue(ref reader) is not { ValueKind: JsonValueKind.Object } json)
            return null;
        var data = Member(json, "data");
        var callback = Member(json, "callback");
        var dueTime = Member(json, "dueTime");
        var period = Member(json, "period");
        if (data is null && callback is null && dueTime is null && period is null)
            return null;
        return new Tick(
            data is { ValueKind: not JsonValueKind.Null } bytes ? bytes.GetBytesFromBase64() : [],
            callback?.GetString() ?? "",
            dueTime is { } due ? DurationText.Read(due.GetString()) : TimeSpan.Zero,
            period is { } each ? DurationText.Read(each.GetString()) : TimeSpan.Zero);
    }

    private static JsonElement? Member(JsonElement json, string name) =>
        json.TryGetProperty(name, out var member) ? member : null;
}

/// <summary>Registers timers and reminders with the sidecar.</summary>
internal sealed class SidecarTimerManager(SidecarActors sidecar) : ActorTimerManager
{
    private const string Json = "application/json; charset=utf-8";

    public override Task RegisterReminderAsync(ActorReminder reminder)
    {
        ArgumentNullException.ThrowIfNull(reminder);
        var period = reminder.Repetitions is { } repetitions
            ? DurationText.WriteRepeated(reminder.Period, repetitions)
            : DurationText.Write(reminder.Period);
        var body = new Dictionary<string, string>
        {
            ["dueTime"] = DurationText.Write(reminder.DueTime),
            ["period"] = period,
            ["data"] = Convert.ToBase64String(reminder.State ?? []),
        };
        if (reminder.Ttl is { } ttl)
            body["ttl"] = DurationText.Write(ttl);
        return sidecar.PutAsync(Path(reminder), JsonSerializer.SerializeToUtf8Bytes(body), Json);
    }

    public override async Task<IActorReminder> GetReminderAsync(ActorReminderToken reminder)
    {
        ArgumentNullException.ThrowIfNull(reminder);
        var (body, _) = await sidecar.GetAsync(Path(reminder));
        return Tick.Read(body) is { } stored
            ? new ActorReminder(
                reminder.ActorType, reminder.ActorId, reminder.Name, stored.Data, NotNegative(stored.DueTime), stored.Period)
            : null!;
    }

    public override Task UnregisterReminderAsync(ActorReminderToken reminder)
    {
        ArgumentNullException.ThrowIfNull(reminder);
        return sidecar.DeleteAsync(Path(reminder));
    }

    public override Task RegisterTimerAsync(ActorTimer timer)
    {
        ArgumentNullException.ThrowIfNull(timer);
        var body = new Dictionary<string, string> { ["dueTime"] = DurationText.Write(timer.DueTime) };
        if (timer.Period >= TimeSpan.Zero)
            body["period"] = DurationText.Write(timer.Period);
        if (timer.Data is { } data)
            body["data"] = Convert.ToBase64String(data);
        body["callback"] = timer.TimerCallback;
        if (timer.Ttl is { } ttl)
            body["ttl"] = DurationText.Write(ttl);
        return sidecar.PutAsync(Path(timer), JsonSerializer.SerializeToUtf8Bytes(body), Json);
    }

    public override Task UnregisterTimerAsync(ActorTimerToken timer)
    {
        ArgumentNullException.ThrowIfNull(timer);
        return sidecar.DeleteAsync(Path(timer));
    }

    private static TimeSpan NotNegative(TimeSpan value) => value < TimeSpan.Zero ? TimeSpan.Zero : value;

    private static string Path(ActorReminderToken token) => $"{token.ActorType}/{token.ActorId}/reminders/{token.Name}";

    private static string Path(ActorTimerToken token) => $"{token.ActorType}/{token.ActorId}/timers/{token.Name}";
}
