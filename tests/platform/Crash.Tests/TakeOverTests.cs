using ConcertDapr.Crash;

namespace ConcertDapr.Tests;

/// <summary>A small run with two replicas (<c>make takeovers</c> is the long one), and its judge.</summary>
public sealed class TakeOverTests(ITestOutputHelper output)
{
    [Fact]
    public async Task When_a_replica_dies_the_other_goes_on_and_no_turn_is_lost_or_doubled()
    {
        var options = new CrashOptions(Seed: 4, Kills: 4, Running: 16, Keep: false);
        var folder = Directory.CreateTempSubdirectory("takeover-test-").FullName;
        var verdict = await new TakeOverRun(options, folder, output.WriteLine).RunAsync();
        verdict.Faults.ShouldBeEmpty($"the logs are in {folder}");
        (verdict.Seconds.Count, verdict.Turns > 0, verdict.Workflows > 0).ShouldBe((4, true, true));
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public void Turns_one_after_the_other_pass() =>
        Turns.Check([Line(1, 7, 10), Line(1, 7, 20), Line(2, 8, 20), Line(2, 8, 30)], new Dictionary<int, long>()).ShouldBeEmpty();

    [Fact]
    public void Two_turns_at_once_are_told() =>
        Turns.Check([Line(1, 7, 10), Line(1, 7, 20), Line(2, 8, 19), Line(2, 8, 30)], new Dictionary<int, long>())
            .ShouldBe(["till: the turn of 2 began before that of 1 had ended"]);

    [Fact]
    public void A_turn_that_was_cut_off_ends_with_its_process()
    {
        TurnLine[] lines = [Line(1, 7, 10), Line(2, 8, 30), Line(2, 8, 40)];
        Turns.Check(lines, new Dictionary<int, long> { [7] = 25 }).ShouldBeEmpty();
        Turns.Check(lines, new Dictionary<int, long> { [7] = 35 }).Count().ShouldBe(1);
        Turns.Check(lines, new Dictionary<int, long>()).Count().ShouldBe(1);
    }

    private static TurnLine Line(int number, int pid, long at) => new("till", number, pid, at);
}
