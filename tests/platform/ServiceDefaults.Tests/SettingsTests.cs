using ConcertDapr.ServiceDefaults;
using ConcertDapr.ServiceDefaults.Rooms;
using Microsoft.Extensions.Configuration;

namespace ConcertDapr.Tests;

public class SettingsTests
{
    [Theory]
    [InlineData(null, "is missing")]
    [InlineData("  ", "is missing")]
    [InlineData("<your-host>", "is still a placeholder")]
    [InlineData("${REDIS_HOST}", "is still a placeholder")]
    [InlineData("{{ .Values.host }}", "is still a placeholder")]
    [InlineData("changeme", "is still a placeholder")]
    [InlineData("CHANGE_ME_PLEASE", "is still a placeholder")]
    [InlineData("your-secret-here", "is still a placeholder")]
    public void A_required_value_must_be_given_and_real(string? value, string problem)
    {
        var refusal = Should.Throw<SettingException>(() => Of("Postgres:Host", value).Required("Postgres:Host"));
        refusal.Message.ShouldContain(problem);
        refusal.Message.ShouldContain("Postgres:Host");
        refusal.Message.ShouldContain("Postgres__Host");
        refusal.Message.ShouldNotContain("\n");
    }

    [Theory]
    [InlineData("ten", "is not a whole number: 'ten'")]
    [InlineData("1.5", "is not a whole number")]
    [InlineData("0", "must be between 1 and 9")]
    [InlineData("10", "must be between 1 and 9")]
    public void A_number_is_a_number_within_bounds(string value, string problem) =>
        Should.Throw<SettingException>(() => Of("N", value).Number("N", 5, 1, 9)).Message.ShouldContain(problem);

    [Fact]
    public void Absent_values_take_their_defaults()
    {
        var settings = Of("X", null);
        settings.Number("N", 5, 1, 9).ShouldBe(5);
        settings.Seconds("S", 0.25, 0, 1).ShouldBe(TimeSpan.FromMilliseconds(250));
        settings.Flag("F", true).ShouldBeTrue();
        settings.Address("A").ShouldBeNull();
    }

    [Fact]
    public void Malformed_values_are_refused()
    {
        Should.Throw<SettingException>(() => Of("F", "yes").Flag("F", false)).Message.ShouldContain("neither true nor false");
        Should.Throw<SettingException>(() => Of("A", "ftp://x").Address("A")).Message.ShouldContain("not an http address");
        Should.Throw<SettingException>(() => Of("S", "soon").Seconds("S", 1, 0, 9)).Message.ShouldContain("not a number of seconds");
        Should.Throw<SettingException>(() => Of("T", "short").Secret("T", 16)).Message.ShouldContain("too short");
        Should.Throw<SettingException>(() => QueueTokens.From(Of("QueueToken:Keys", "justonesecret"))).Message.ShouldContain("id:secret");
        Should.Throw<SettingException>(() => QueueTokens.From(Of("QueueToken:Keys", "k1:short"))).Message.ShouldContain("too short");
    }

    internal static Settings Of(string name, string? value) =>
        new(new ConfigurationBuilder().AddInMemoryCollection([KeyValuePair.Create(name, value)]).Build());
}
