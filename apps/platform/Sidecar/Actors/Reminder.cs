using System.Text.Json.Serialization;
using ConcertDapr.Sidecar.Components;

namespace ConcertDapr.Sidecar.Actors;

/// <summary>A reminder as it is stored; everything needed to go on after a restart.</summary>
/// <param name="DueTime">As registered, for GET.</param>
/// <param name="TtlText">As registered, for GET; only instants are shown.</param>
/// <param name="PeriodText">Normalised, for GET; null when none was given.</param>
/// <param name="PeriodTicks">0 for a one-shot; in units of 100 ns.</param>
/// <param name="Left">Firings still to come; null is without end.</param>
internal sealed record Reminder(string Type, string Id, string Name, string DueTime, string TtlText, string? PeriodText,
    long PeriodTicks, int? Left, DateTimeOffset NextDue, DateTimeOffset? Ends, string? Data)
{
    [JsonIgnore]
    public ActorKey Actor => new(Type, Id);

    [JsonIgnore]
    public bool IsOneShot => PeriodTicks == 0;

    /// <summary>The reminder after a firing; null when that was the last one.</summary>
    public Reminder? Advance()
    {
        if (IsOneShot || Left <= 1) return null;
        var next = NextDue.AddTicks(PeriodTicks);
        return next >= Ends ? null : this with { NextDue = next, Left = Left - 1 };
    }

    /// <summary>A reminder as registered now.</summary>
    /// <exception cref="FormatException">A time, period or ttl cannot be used.</exception>
    public static Reminder Create(ScheduleRequest request, DateTimeOffset now)
    {
        var period = request.Period.Length == 0 ? null : ReadPeriod(request.Period);
        if (request.DueTime.Length == 0 && period is null) throw Invalid("job must have either a due time or a schedule");
        var due = request.DueTime.Length == 0 ? now + period!.Step.Span : Due(request.DueTime, now);
        return new Reminder(request.Actor.Type, request.Actor.Id, request.Name, request.DueTime, request.Ttl,
            period is null ? null : "@every " + DurationText.ToGo(period.Step.Span), Repeats(period) ? period!.Step.Span.Ticks : 0,
            period?.Repetitions, due < now ? now : due, End(request.Ttl, period, due), request.Data);
    }

    /// <summary>A period of nothing, a negative one and zero repetitions are accepted but tick once; daprd would tick for ever.</summary>
    private static bool Repeats(Period? period) => period is { Repetitions: not 0, Step: { IsZero: false, IsNegative: false } };

    private static Period ReadPeriod(string text)
    {
        try
        {
            var period = ActorTime.ParsePeriod(text);
            return period.HasCalendarParts ? throw new FormatException("calendar parts") : period;
        }
        catch (FormatException e)
        {
            throw new FormatException($"unsupported period format: {text}", e);
        }
    }

    private static DateTimeOffset Due(string text, DateTimeOffset now)
    {
        try
        {
            return ActorTime.Parse(text, now);
        }
        catch (FormatException e)
        {
            throw Invalid(text.StartsWith('R') ? "repeats not supported for due time" : "due time format not recognized", e);
        }
    }

    private static DateTimeOffset? End(string text, Period? period, DateTimeOffset due)
    {
        if (text.Length == 0) return null;
        if (period is null) throw Invalid("job must have a schedule to have a ttl");
        DateTimeOffset end;
        try
        {
            end = ActorTime.Parse(text, due);
        }
        catch (FormatException e)
        {
            throw Invalid("ttl format not recognized", e);
        }
        return end >= due ? end : throw Invalid("ttl must be greater than due time");
    }

    private static FormatException Invalid(string reason, Exception? inner = null) =>
        new($"rpc error: code = Unknown desc = job failed validation: {reason}", inner);
}

[JsonSerializable(typeof(Reminder))]
[JsonSerializable(typeof(string[]))]
internal sealed partial class ReminderJson : JsonSerializerContext;
