using ConcertDapr.Sidecar.Actors;
using ConcertDapr.Sidecar.Components;

namespace ConcertDapr.Tests;

public sealed class TimeTextTests
{
    private static readonly DateTimeOffset Start = new(2026, 1, 31, 0, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData("1h30m", 5400)]
    [InlineData("0h0m2s500ms", 2.5)]
    [InlineData("-1s", -1)]
    [InlineData("1.5s", 1.5)]
    [InlineData("250us", 0.00025)]
    public void Go_durations(string text, double seconds)
    {
        DurationText.TryParseGo(text, out var duration).ShouldBeTrue();
        duration.TotalSeconds.ShouldBe(seconds, 1e-9);
    }

    [Theory]
    [InlineData("")]
    [InlineData("5")]
    [InlineData("1d")]
    [InlineData("s")]
    [InlineData("1h 2m")]
    [InlineData("2600000h")]
    public void Texts_that_are_no_Go_duration(string text) => DurationText.TryParseGo(text, out _).ShouldBeFalse();

    [Theory]
    [InlineData(3600, "1h0m0s")]
    [InlineData(1.5, "1.5s")]
    [InlineData(0.2, "200ms")]
    [InlineData(0, "0s")]
    [InlineData(90, "1m30s")]
    public void Durations_are_spelt_as_Go_does(double seconds, string text) => DurationText.ToGo(TimeSpan.FromSeconds(seconds)).ShouldBe(text);

    [Fact]
    public void Times_beyond_the_calendar_are_its_end() => ActorTime.Parse("P999999Y", Start).ShouldBe(DateTimeOffset.MaxValue);

    [Theory]
    [InlineData("P1M", "2026-02-28T00:00:00Z")]
    [InlineData("P1DT2H", "2026-02-01T02:00:00Z")]
    [InlineData("PT90S", "2026-01-31T00:01:30Z")]
    [InlineData("90s", "2026-01-31T00:01:30Z")]
    [InlineData("2027-05-06T07:08:09+09:00", "2027-05-05T22:08:09Z")]
    public void Due_times(string text, string expected) => ActorTime.Parse(text, Start).ShouldBe(DateTimeOffset.Parse(expected, null));

    [Theory]
    [InlineData("R2/PT1S")]
    [InlineData("PT0.5S")]
    [InlineData("bogus")]
    [InlineData("5")]
    [InlineData("P")]
    [InlineData("PT")]
    public void Due_times_that_are_refused(string text) => Should.Throw<FormatException>(() => ActorTime.Parse(text, Start));

    [Fact]
    public void A_period_may_say_how_often()
    {
        var period = ActorTime.ParsePeriod("R3/PT10S");
        period.Repetitions.ShouldBe(3);
        period.Step.Span.ShouldBe(TimeSpan.FromSeconds(10));
    }

    [Theory]
    [InlineData("0s")]
    [InlineData("-0h0m0s1ms")]
    [InlineData("R0/PT1S")]
    [InlineData("R5")]
    public void A_period_that_would_never_pause_ticks_once(string period)
    {
        var reminder = Reminder.Create(Request("1h", period), Start);
        reminder.IsOneShot.ShouldBeTrue();
        reminder.Advance().ShouldBeNull();
    }

    [Theory]
    [InlineData("", "", "")]
    [InlineData("1h", "", "10s")]
    [InlineData("1h", "P1D", "")]
    [InlineData("1h", "1h", "2020-01-01T00:00:00Z")]
    [InlineData("1h", "1h", "bogus")]
    [InlineData("bogus", "", "")]
    public void Reminders_that_are_refused(string due, string period, string ttl) =>
        Should.Throw<FormatException>(() => Reminder.Create(Request(due, period, ttl), Start));

    [Fact]
    public void A_reminder_ends_after_its_repetitions_or_its_ttl()
    {
        var repeated = Reminder.Create(Request("0s", "R2/PT1S"), Start);
        repeated.Advance().ShouldNotBeNull().Advance().ShouldBeNull();
        var expiring = Reminder.Create(Request("0s", "10s", "15s"), Start);
        expiring.Advance().ShouldNotBeNull().Advance().ShouldBeNull();
    }

    private static ScheduleRequest Request(string due, string period, string ttl = "") =>
        new(new ActorKey("T", "1"), "r", due, period, ttl, null, "", true);
}
