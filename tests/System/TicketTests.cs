namespace ConcertDapr.Tests;

/// <summary><c>Rush ticket</c>, the smoke test of a deployment.</summary>
public class TicketTests(RunningSystem system)
{
    [Theory]
    [InlineData]
    [InlineData("--register")]
    public async Task One_ticket_is_bought_step_by_step(params string[] options)
    {
        var tickets = await system.CountAsync("reservation", "SELECT count(*) FROM tickets");
        var end = await system.RushAsync(["ticket", .. options]);
        end.ExitCode.ShouldBe(0, end.Output + end.Errors);
        end.Output.Split('\n').Select(line => line.Split(' ')[0]).ShouldBeSubsetOf(["concert", "account", "points", "join", "wait", "hold", "top", "pay", "ticket"]);
        end.Output.ShouldContain("is SOLD");
        (await system.CountAsync("reservation", "SELECT count(*) FROM tickets")).ShouldBe(tickets + 1);
    }

    [Fact]
    public async Task Without_a_concert_on_sale_it_says_so_and_fails()
    {
        var end = await system.RushAsync("ticket", "--concert", "999999");
        end.ExitCode.ShouldBe(2);
        end.Errors.ShouldBe("rush: no ticket: concerts: concert 999999 is not on sale");
    }
}
