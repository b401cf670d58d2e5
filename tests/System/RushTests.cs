namespace ConcertDapr.Tests;

public class RushTests(RunningSystem system)
{
    [Fact]
    public async Task A_rush_of_fans_of_all_tempers_leaves_clean_books()
    {
        var rush = await system.RushAsync("rush", "--fans", "120", "--seats", "60");

        rush.ExitCode.ShouldBe(0, rush.Output + rush.Errors);
    }
}
