using System.Text.Json.Serialization;
using ConcertDapr.ServiceDefaults;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;

namespace ConcertDapr.Tests;

/// <summary>The argument <c>probe</c>, as a container's health check gives it. The settings come from the environment, so these run one by one.</summary>
[Collection(nameof(Environment))]
public sealed class ProbeTests : IDisposable
{
    private readonly TextWriter _standardError = Console.Error;
    private readonly StringWriter _said = new();

    public ProbeTests() => Console.SetError(_said);

    [Theory]
    [InlineData(200, 0)]
    [InlineData(503, 1)]
    public async Task It_ends_with_0_where_the_service_is_ready_and_with_1_where_it_is_not(int status, int exitCode)
    {
        await using var service = await ServiceAsync("/readyz", status);
        (await ProbeAsync(service, "probe")).ShouldBe(exitCode);
        if (exitCode != 0) _said.ToString().ShouldBe($"some: /readyz answers 503: not now{Environment.NewLine}");
    }

    [Fact]
    public async Task It_asks_whether_the_service_is_alive_where_told()
    {
        await using var service = await ServiceAsync("/livez", 200);
        (await ProbeAsync(service, "probe", "/livez")).ShouldBe(0);
        (await ProbeAsync(service, "probe")).ShouldBe(1);
    }

    [Fact]
    public async Task It_ends_with_1_where_nothing_listens()
    {
        (await ProbeAtAsync(1, "probe")).ShouldBe(1);
        _said.ToString().ShouldStartWith("some: /readyz is not answered: ");
    }

    [Fact]
    public async Task It_needs_to_know_the_port()
    {
        (await ProbeAtAsync(null, "probe")).ShouldBe(ConcertService.Misconfigured);
        _said.ToString().ShouldStartWith("some: setting APP_PORT is missing");
    }

    public void Dispose()
    {
        Console.SetError(_standardError);
        Environment.SetEnvironmentVariable("APP_PORT", null);
    }

    private static Task<int> ProbeAsync(WebApplication service, params string[] args) => ProbeAtAsync(new Uri(service.Urls.Single()).Port, args);

    private static Task<int> ProbeAtAsync(int? port, params string[] args)
    {
        Environment.SetEnvironmentVariable("APP_PORT", port?.ToString(System.Globalization.CultureInfo.InvariantCulture));
        return ConcertService.RunAsync("some", args, NoJson.Default, (_, _) => throw new InvalidOperationException("a probe starts nothing"), _ => { });
    }

    private static async Task<WebApplication> ServiceAsync(string path, int status)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        app.MapGet(path, () => TypedResults.Text("not now", statusCode: status));
        await app.StartAsync();
        return app;
    }
}

[JsonSerializable(typeof(string))]
internal sealed partial class NoJson : JsonSerializerContext;
