namespace ConcertDapr.Tests;

public class MisconfigurationTests
{
    private const int Misconfigured = 78;

    private static readonly Dictionary<string, string> s_good = new()
    {
        ["APP_API_TOKEN"] = new('a', 40),
        ["DAPR_API_TOKEN"] = new('d', 40),
        ["QueueToken__Keys"] = $"k1:{new string('q', 40)}",
        ["Postgres__Host"] = "127.0.0.1",
        ["Postgres__User"] = "postgres",
    };

    [Theory]
    [InlineData("users", "APP_API_TOKEN", null)]
    [InlineData("users", "APP_API_TOKEN", "short")]
    [InlineData("catalog", "APP_API_TOKEN", "<your-token>")]
    [InlineData("users", "Postgres:Host", null)]
    [InlineData("catalog", "Postgres:Host", "${POSTGRES_HOST}")]
    [InlineData("catalog", "Postgres:User", null)]
    [InlineData("payment", "Postgres:Port", "0")]
    [InlineData("payment", "Postgres:SslMode", "sometimes")]
    [InlineData("notification", "Postgres:Database", "a-b;c")]
    [InlineData("notification", "Notification:Webhook", "not an address")]
    [InlineData("reservation", "Reservation:HoldSeconds", "abc")]
    [InlineData("reservation", "Reservation:MaxSeats", "-1")]
    [InlineData("reservation", "Reservation:UseLock", "perhaps")]
    [InlineData("payment", "Shutdown:Seconds", "0")]
    [InlineData("payment", "Payment:WaitSeconds", "1e9")]
    [InlineData("queue", "QueueToken:Keys", null)]
    [InlineData("queue", "QueueToken:Keys", "k1:too-short")]
    [InlineData("queue", "Queue:Capacity", "0")]
    [InlineData("gateway", "QueueToken:Keys", "changeme")]
    [InlineData("gateway", "Auth:TestUsers", "yes please")]
    [InlineData("gateway", "APP_PORT", "99999")]
    [InlineData("gateway", "Auth:TokenSeconds", "forever")]
    [InlineData("gateway", "Proxy:Trusted", "10.0.0.1/99")]
    public async Task A_wrong_setting_stops_the_service_at_its_start_with_one_line_that_names_it(string app, string setting, string? value)
    {
        var environment = new Dictionary<string, string>(s_good);
        var variable = setting.Replace(":", "__", StringComparison.Ordinal);
        if (value is null) environment.Remove(variable);
        else environment[variable] = value;

        using var run = ProgramRun.Start(["dotnet", Repository.App(app)], environment);
        var end = await run.EndAsync(TimeSpan.FromSeconds(20));

        end.ExitCode.ShouldBe(Misconfigured, end.Output + end.Errors);
        end.Errors.ShouldStartWith($"{app}: setting {setting} ");
        end.Errors.ShouldNotContain('\n');
        end.Output.ShouldBeEmpty();
    }
}
