using System.Net;
using ConcertDapr.Wire;
using ConcertDapr.Wire.Runtime;
using Dapr;
using Dapr.Client;
using Dapr.DistributedLock;
using Dapr.DistributedLock.Extensions;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace ConcertDapr.Tests;

/// <summary>Publishing, locks, invocation, health, metadata and how clients are made.</summary>
public sealed class ClientTests
{
    [Fact]
    public async Task Events_are_published_with_the_content_type_of_their_kind()
    {
        PublishEventRequest? sent = null;
        await using var sidecar = await FakeSidecar.StartAsync(s => s.Dapr("PublishEvent", PublishEventRequest.Parser, request =>
        {
            sent = request;
            return new Empty();
        }));
        using var client = new DaprClientBuilder().UseGrpcEndpoint(sidecar.Address).Build();

        await client.PublishEventAsync("bus", "t", new { SeatId = 7 }, new Dictionary<string, string> { ["ttlInSeconds"] = "5" });
        (sent!.PubsubName, sent.Topic, sent.Data.ToStringUtf8(), sent.DataContentType)
            .ShouldBe(("bus", "t", """{"seatId":7}""", "application/json"));
        sent.Metadata["ttlInSeconds"].ShouldBe("5");

        await client.PublishEventAsync("bus", "t", new CloudEvent<int>(5) { Type = "x", Source = new Uri("urn:s") });
        sent!.DataContentType.ShouldBe("application/cloudevents+json");
        sent.Data.ToStringUtf8().ShouldContain("\"type\":\"x\"");

        await client.PublishEventAsync("bus", "t");
        (sent!.Data.Length, sent.DataContentType).ShouldBe((0, ""));

        await client.PublishByteEventAsync("bus", "t", new byte[] { 1 }, "application/octet-stream");
        (sent!.Data.Length, sent.DataContentType).ShouldBe((1, "application/octet-stream"));
        await Should.ThrowAsync<ArgumentNullException>(() => client.PublishEventAsync<string>("bus", "t", null!));
    }

    [Fact]
    public async Task A_refused_publish_is_a_dapr_exception()
    {
        await using var sidecar = await FakeSidecar.StartAsync(s => s.Dapr<PublishEventRequest, Empty>(
            "PublishEvent", PublishEventRequest.Parser, _ => throw GrpcFraming.Error(StatusCode.InvalidArgument, "pubsub x is not found")));
        using var client = new DaprClientBuilder().UseGrpcEndpoint(sidecar.Address).Build();
        var error = await Should.ThrowAsync<DaprException>(() => client.PublishEventAsync("x", "t", 1));
        error.InnerException.ShouldBeOfType<RpcException>().Status.Detail.ShouldBe("pubsub x is not found");
    }

    [Fact]
    public async Task Bulk_publish_reports_the_entries_that_failed()
    {
        await using var sidecar = await FakeSidecar.StartAsync(s => s.Dapr(
            "BulkPublishEvent",
            BulkPublishRequest.Parser,
            request => new BulkPublishResponse { FailedEntries = { new BulkPublishFailedEntry { EntryId = request.Entries[1].EntryId, Error = "full" } } }));
        using var client = new DaprClientBuilder().UseGrpcEndpoint(sidecar.Address).Build();
        var failed = (await client.BulkPublishEventAsync("bus", "t", ["a", "b"])).FailedEntries.ShouldHaveSingleItem();
        (failed.Entry.EventData, failed.ErrorMessage).ShouldBe(("b", "full"));
    }

    [Fact]
    public async Task A_lock_is_null_when_somebody_else_holds_it_and_disposing_unlocks()
    {
        var holder = "";
        await using var sidecar = await FakeSidecar.StartAsync(s => s
            .Dapr("TryLockAlpha1", TryLockRequest.Parser, request =>
            {
                var free = holder.Length == 0;
                holder = free ? request.LockOwner : holder;
                return new ConcertDapr.Wire.Runtime.TryLockResponse { Success = free };
            })
            .Dapr("UnlockAlpha1", UnlockRequest.Parser, request =>
            {
                var mine = holder == request.LockOwner;
                holder = mine ? "" : holder;
                return new ConcertDapr.Wire.Runtime.UnlockResponse
                {
                    Status = mine
                        ? ConcertDapr.Wire.Runtime.UnlockResponse.Types.Status.Success
                        : ConcertDapr.Wire.Runtime.UnlockResponse.Types.Status.LockBelongsToOthers,
                };
            }));
        await using var services = new ServiceCollection()
            .AddDaprDistributedLock((_, b) => b.UseGrpcEndpoint(sidecar.Address)).Services.BuildServiceProvider();
        using var scope = services.CreateScope();
        var locks = scope.ServiceProvider.GetRequiredService<DaprDistributedLockClient>();
        scope.ServiceProvider.GetService<IDaprDistributedLockClient>().ShouldBeNull("the official SDK registers only the class");

        await using (var held = await locks.TryLockAsync("store", "block/1", "me", 10))
        {
            held.ShouldNotBeNull().LockOwner.ShouldBe("me");
            (await locks.TryLockAsync("store", "block/1", "you", 10)).ShouldBeNull();
            (await locks.TryUnlockAsync("store", "block/1", "you")).Status
                .ShouldBe(Dapr.DistributedLock.Models.LockStatus.LockBelongsToOthers);
        }

        holder.ShouldBe("");
        await Should.ThrowAsync<ArgumentOutOfRangeException>(() => locks.TryLockAsync("s", "r", "o", 0));
        await Should.ThrowAsync<ArgumentException>(() => locks.TryLockAsync("s", "", "o", 1));
    }

    [Fact]
    public async Task Invocation_goes_through_the_sidecar_with_the_apps_path()
    {
        await using var sidecar = await TestApp.StartAsync(app => app.Run(context => context.Response.WriteAsync(
            $"{context.Request.Method} {context.Request.Path}{context.Request.QueryString} {context.Request.Headers["dapr-api-token"]}")));
        using var client = new DaprClientBuilder().UseHttpEndpoint(sidecar.Address.ToString()).UseDaprApiToken("secret").Build();
        using var invoke = client.CreateInvokableHttpClient("Reservation");
        (await invoke.GetStringAsync("/api/x?y=1")).ShouldBe("GET /v1.0/invoke/Reservation/method/api/x?y=1 secret");

        using var anonymous = DaprClient.CreateInvokeHttpClient("users", sidecar.Address.ToString());
        (await anonymous.GetStringAsync("/me")).ShouldBe("GET /v1.0/invoke/users/method/me ");
        using var anyApp = DaprClient.CreateInvokeHttpClient(daprEndpoint: sidecar.Address.ToString());
        (await anyApp.GetStringAsync("http://catalog/list")).ShouldBe("GET /v1.0/invoke/catalog/method/list ");
        Should.Throw<ArgumentException>(() => DaprClient.CreateInvokeHttpClient("not a host"));

        using var request = client.CreateInvokeMethodRequest(HttpMethod.Put, "users", "/charge", [new("a b", "ü")], 5);
        request.RequestUri!.PathAndQuery.ShouldBe("/v1.0/invoke/users/method/charge?a%20b=%C3%BC");
        request.Headers.GetValues("dapr-api-token").ShouldBe(["secret"]);
        (await request.Content!.ReadAsStringAsync()).ShouldBe("5");
    }

    [Fact]
    public async Task The_invocation_handler_restores_the_request()
    {
        using var handler = new InvocationHandler { InnerHandler = new Answer(HttpStatusCode.OK), DaprEndpoint = "http://sidecar:3500" };
        using var http = new HttpClient(handler);
        using var request = new HttpRequestMessage(HttpMethod.Get, "http://users/me");
        await http.SendAsync(request);
        request.RequestUri.ShouldBe(new Uri("http://users/me"));
        request.Headers.Contains("dapr-api-token").ShouldBeFalse();
        Should.Throw<ArgumentException>(() => handler.DaprEndpoint = "ftp://x");
        await Should.ThrowAsync<ArgumentException>(() => http.GetAsync(new Uri("ftp://users/me")));
    }

    [Fact]
#pragma warning disable CS0618 // obsolete in the official SDK too
    public async Task An_invocation_that_fails_tells_app_method_and_answer()
    {
        await using var sidecar = await TestApp.StartAsync(app => app.Run(context =>
        {
            context.Response.StatusCode = 409;
            return Task.CompletedTask;
        }));
        using var client = new DaprClientBuilder().UseHttpEndpoint(sidecar.Address.ToString()).Build();
        var error = await Should.ThrowAsync<InvocationException>(() => client.InvokeMethodAsync<string>("users", "charge"));
        (error.AppId, error.MethodName, error.Response!.StatusCode).ShouldBe(("users", "charge", HttpStatusCode.Conflict));
        using var elsewhere = new HttpRequestMessage(HttpMethod.Get, "http://elsewhere/");
        await Should.ThrowAsync<InvalidOperationException>(() => client.InvokeMethodWithResponseAsync(elsewhere));
    }
#pragma warning restore CS0618

    [Fact]
    public async Task Health_is_what_the_sidecar_says_and_false_when_it_is_away()
    {
        await using var sidecar = await TestApp.StartAsync(app =>
        {
            app.MapGet("/v1.0/healthz", () => Results.StatusCode(500));
            app.MapGet("/v1.0/healthz/outbound", () => Results.NoContent());
        });
        using var client = new DaprClientBuilder().UseHttpEndpoint(sidecar.Address.ToString()).Build();
        (await client.CheckHealthAsync()).ShouldBeFalse();
        (await client.CheckOutboundHealthAsync()).ShouldBeTrue();
        await client.WaitForSidecarAsync();
        using var away = new DaprClientBuilder().UseHttpEndpoint("http://127.0.0.1:1").Build();
        (await away.CheckHealthAsync()).ShouldBeFalse();
    }

    [Fact]
    public async Task Metadata_lists_actors_and_components()
    {
        await using var sidecar = await FakeSidecar.StartAsync(s => s.Dapr(
            "GetMetadata",
            GetMetadataRequest.Parser,
            _ => new GetMetadataResponse
            {
                Id = "queue",
                ActorRuntime = new() { ActiveActors = { new ActiveActorsCount { Type = "Room", Count = 2 } } },
                RegisteredComponents = { new RegisteredComponents { Name = "s", Type = "state.redis", Version = "v1", Capabilities = { "ETAG" } } },
                ExtendedMetadata = { ["daprRuntimeVersion"] = "1.18.3" },
            }));
        using var client = new DaprClientBuilder().UseGrpcEndpoint(sidecar.Address).Build();
        var metadata = await client.GetMetadataAsync();
        metadata.Id.ShouldBe("queue");
        metadata.Actors.ShouldHaveSingleItem().Count.ShouldBe(2);
        metadata.Components.ShouldHaveSingleItem().Capabilities.ShouldBe(["ETAG"]);
        metadata.Extended["daprRuntimeVersion"].ShouldBe("1.18.3");
    }

    [Fact]
    public void Addresses_come_from_the_endpoint_else_the_port_and_end_in_a_slash()
    {
        static IConfiguration Settings(params (string, string)[] values) => new ConfigurationBuilder()
            .AddInMemoryCollection(values.ToDictionary(v => v.Item1, v => (string?)v.Item2)).Build();
        DaprDefaults.GetDefaultHttpEndpoint(Settings(("DAPR_HTTP_PORT", "3511"))).ShouldBe("http://localhost:3511/");
        DaprDefaults.GetDefaultGrpcEndpoint(Settings(("DAPR_GRPC_ENDPOINT", "https://h:1/path"), ("DAPR_GRPC_PORT", "5")))
            .ShouldBe("https://h:1/");
        DaprDefaults.GetDefaultAppApiToken(Settings(("APP_API_TOKEN", "t"))).ShouldBe("t");
    }

    [Fact]
    public void Another_scheme_is_refused_when_the_client_is_built()
    {
        Should.Throw<InvalidOperationException>(() => new DaprClientBuilder().UseGrpcEndpoint("ftp://x").Build());
        Should.Throw<InvalidOperationException>(() => new DaprClientBuilder().UseHttpEndpoint("ftp://x").Build());
    }

    [Fact]
    public void AddDaprClient_keeps_the_first_registration_and_reads_configuration()
    {
        var configured = 0;
        var services = new ServiceCollection();
        services.AddDaprClient(_ => configured++);
        services.AddDaprClient(_ => configured += 10);
        using var provider = services.BuildServiceProvider();
        provider.GetRequiredService<DaprClient>().ShouldBeSameAs(provider.GetRequiredService<DaprClient>());
        configured.ShouldBe(1);
    }

    private sealed class Answer(HttpStatusCode status) : HttpMessageHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
            Task.FromResult(new HttpResponseMessage(status));
    }
}
