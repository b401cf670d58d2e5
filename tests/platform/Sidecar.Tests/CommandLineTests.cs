using ConcertDapr.Sidecar;

namespace ConcertDapr.Tests;

public sealed class CommandLineTests
{
    [Fact]
    public void Flags_come_with_one_dash_or_two_and_with_or_without_an_equals_sign()
    {
        var options = Parse("--app-id", "a", "-app-port", "5000", "--dapr-http-port=3501", "-resources-path", "x", "--resources-path=y",
            "--max-body-size", "16Mi", "--enable-app-health-check", "--app-health-threshold", "7", "--dapr-graceful-shutdown-seconds", "9");
        options.AppId.ShouldBe("a");
        options.AppPort.ShouldBe(5000);
        options.HttpPort.ShouldBe(3501);
        options.ResourcesPaths.ShouldBe(["x", "y"]);
        options.MaxBodySize.ShouldBe(16 * 1024 * 1024);
        options.AppHealthCheck!.Threshold.ShouldBe(7);
        options.GracefulShutdown.ShouldBe(TimeSpan.FromSeconds(9));
    }

    [Fact]
    public void Flags_of_the_control_plane_are_accepted() =>
        Parse("--app-id", "a", "--placement-host-address", "x:1", "--enable-metrics", "--mode", "standalone", "--log-level", "debug").AppId.ShouldBe("a");

    [Theory]
    [InlineData("--nonsense", "1")]
    [InlineData("--app-port", "x")]
    [InlineData("--app-port", "70000")]
    [InlineData("--max-body-size", "4Q")]
    [InlineData("stray", "1")]
    public void What_daprd_does_not_know_is_refused_and_named(string flag, string value) =>
        Should.Throw<SidecarStartException>(() => Parse("--app-id", "a", flag, value)).Message.ShouldContain(flag.TrimStart('-'));

    [Fact]
    public void Tokens_and_namespace_come_from_the_environment()
    {
        var options = CommandLine.Parse(["--app-id", "a"], name => name switch
        {
            "DAPR_API_TOKEN" => "in",
            "APP_API_TOKEN" => "out",
            "NAMESPACE" => "ns",
            _ => null,
        });
        (options.ApiToken, options.AppApiToken, options.Namespace).ShouldBe(("in", "out", "ns"));
    }

    private static SidecarOptions Parse(params string[] arguments) => CommandLine.Parse(arguments, _ => null);
}
