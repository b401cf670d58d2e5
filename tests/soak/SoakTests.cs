namespace ConcertDapr.Tests;

public sealed class SoakTests
{
    /// <summary>`make soak` in small. Memory has not settled after so few requests: it may grow, but not without bounds.</summary>
    [Fact]
    public async Task Twenty_thousand_requests_and_four_thousand_malformed_ones_are_all_answered_as_they_have_to_be()
    {
        using var soak = ProgramRun.Start(["dotnet", Repository.Soak, "--requests", "20000", "--malformed", "4000", "--samples", "8", "--growth", "50"]);
        var end = await soak.EndAsync(TimeSpan.FromMinutes(10));
        end.ExitCode.ShouldBe(0, end.Output + end.Errors);
        end.Output.ShouldContain("20000 requests, 4000 malformed, seed 1: 0 answered wrongly, 0 unexpected errors in the log");
    }
}
