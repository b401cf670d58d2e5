using System.Collections.Concurrent;
using System.Text.Json;
using Microsoft.Extensions.Logging;

namespace ConcertDapr.Sidecar.Actors;

/// <summary>A timer or reminder as its caller wrote it.</summary>
/// <param name="Data">Raw JSON; null when not given.</param>
internal sealed record ScheduleRequest(
    ActorKey Actor, string Name, string DueTime, string Period, string Ttl, string? Data, string Callback, bool Overwrite);

/// <summary>Timers: in the memory of the sidecar that registered them, whatever becomes of the actor.</summary>
internal sealed class ActorTimers(ActorRuntime actors, TimeProvider clock, Agenda agenda, ILogger log)
{
    private readonly ConcurrentDictionary<(ActorKey, string), CancellationTokenSource> running = new();

    /// <exception cref="FormatException">A time, period or ttl cannot be used.</exception>
    public void Create(ScheduleRequest request)
    {
        var now = clock.GetUtcNow();
        var due = Time(request.DueTime, now, "error parsing timer due time: ") ?? now;
        var period = ReadPeriod(request.Period);
        var end = Time(request.Ttl, due, "error parsing timer TTL: ");
        if (end < due || end < now)
            throw new FormatException($"timer {request.Actor.Type}||{request.Actor.Id}||{request.Name} has already expired: dueTime: {due.UtcDateTime:yyyy-MM-dd HH:mm:ss.fffffff} +0000 UTC TTL: {request.Ttl}");
        var stop = new CancellationTokenSource();
        running.AddOrUpdate((request.Actor, request.Name), stop, (_, old) =>
        {
            old.Cancel();
            return stop;
        });
        _ = RunAsync(request, due, period, end, stop, agenda.Enter($"timer {request.Name} of actor {request.Actor}"));
    }

    public void Delete(ActorKey actor, string name)
    {
        if (running.TryRemove((actor, name), out var stop)) stop.Cancel();
    }

    public void StopAll()
    {
        foreach (var (actor, name) in running.Keys) Delete(actor, name);
    }

    private static DateTimeOffset? Time(string text, DateTimeOffset start, string prefix)
    {
        if (text.Length == 0) return null;
        try
        {
            return ActorTime.Parse(text, start);
        }
        catch (FormatException e)
        {
            throw new FormatException(prefix + e.Message, e);
        }
    }

    /// <summary>Null for a timer that ticks once.</summary>
    private static Period? ReadPeriod(string text)
    {
        if (text.Length == 0) return null;
        try
        {
            var period = ActorTime.ParsePeriod(text);
            if (period.Repetitions == 0) throw new FormatException("has zero repetitions");
            if (period.Step.IsNegative) throw new FormatException("must not be negative");
            return period.Step.IsZero ? null : period;
        }
        catch (FormatException e)
        {
            throw new FormatException("invalid timer period: " + e.Message, e);
        }
    }

    private async Task RunAsync(
        ScheduleRequest request, DateTimeOffset due, Period? period, DateTimeOffset? end, CancellationTokenSource stop, Agenda.Item item)
    {
        using var done = item;
        try
        {
            for (var left = period?.Repetitions ?? (period is null ? 1 : int.MaxValue); left > 0; left--)
            {
                await item.WaitUntilAsync(due, stop.Token);
                if (clock.GetUtcNow() >= end) return;
                await TickAsync(request, stop.Token);
                if (period is null) return;
                // A tick that is late because the one before took long follows at once; the missed ones are not made up for.
                var (next, now) = (period.Step.After(due), clock.GetUtcNow());
                due = next > now ? next : now;
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // Deleted, replaced, or the sidecar stops.
        }
#pragma warning disable CA1031 // Nobody awaits this task; without a line in the log the timer would just be gone.
        catch (Exception e)
#pragma warning restore CA1031
        {
            log.BackgroundFailed(e, $"timer {request.Name} of actor {request.Actor}");
        }
        finally
        {
            running.TryRemove(new KeyValuePair<(ActorKey, string), CancellationTokenSource>((request.Actor, request.Name), stop));
        }
    }

    private async Task TickAsync(ScheduleRequest request, CancellationToken cancellationToken)
    {
        try
        {
            await actors.TickAsync(request.Actor, $"method/timer/{Invocation.PathText.Escape(request.Name)}", TickBody.Timer(request), cancellationToken);
        }
        catch (ActorCallException e)
        {
            log.TickFailed("timer", request.Name, request.Actor.ToString(), e.Message);
        }
    }
}

/// <summary>The bodies of ticks.</summary>
internal static class TickBody
{
    public static ReadOnlyMemory<byte> Timer(ScheduleRequest request) => Write(request.Data, writer =>
    {
        writer.WriteString("callback", request.Callback);
        writer.WriteString("dueTime", request.DueTime);
        writer.WriteString("period", request.Period);
    });

    /// <summary>Times of reminders are empty, as daprd sends them.</summary>
    public static ReadOnlyMemory<byte> Reminder(string? data) => Write(data, writer =>
    {
        writer.WriteString("dueTime", "");
        writer.WriteString("period", "");
    });

    private static ReadOnlyMemory<byte> Write(string? data, Action<Utf8JsonWriter> members)
    {
        var buffer = new System.Buffers.ArrayBufferWriter<byte>();
        using var writer = new Utf8JsonWriter(buffer);
        writer.WriteStartObject();
        if (data is not null)
        {
            writer.WritePropertyName("data");
            writer.WriteRawValue(data);
        }
        members(writer);
        writer.WriteEndObject();
        writer.Flush();
        return buffer.WrittenMemory;
    }
}
