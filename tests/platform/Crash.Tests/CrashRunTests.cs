using ConcertDapr.Crash;

namespace ConcertDapr.Tests;

/// <summary>A small crash run; <c>make crash</c> is the long one.</summary>
public sealed class CrashRunTests(ITestOutputHelper output)
{
    [Fact]
    public async Task Workflows_and_reminders_survive_kills_of_sidecar_and_app()
    {
        var options = new CrashOptions(Seed: 20, Kills: 20, Running: 16, Keep: false);
        var folder = Directory.CreateTempSubdirectory("crash-test-").FullName;
        var verdict = await new CrashRun(options, folder, output.WriteLine).RunAsync();
        verdict.Faults.ShouldBeEmpty($"the logs are in {folder}");
        (verdict.Kills, verdict.Workflows > 0, verdict.Reminders > 0).ShouldBe((20, true, true));
        Directory.Delete(folder, recursive: true);
    }
}
