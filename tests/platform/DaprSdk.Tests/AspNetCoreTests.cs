using System.Net;
using System.Net.Http.Headers;
using System.Text;
using Dapr;
using Dapr.AspNetCore;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace ConcertDapr.Tests;

/// <summary>What the app tells the sidecar, and what it makes of the sidecar's deliveries.</summary>
public sealed class AspNetCoreTests
{
    [Fact]
    public async Task Subscriptions_are_listed_by_pubsub_and_topic_with_routes_without_slash()
    {
        await using var app = await TestApp.StartAsync(app =>
        {
            app.MapSubscribeHandler();
            app.MapPost("/events/paid", () => { }).WithTopic("bus", "payment.completed");
            app.MapPost("/a", () => { }).WithTopic("another", "z");
            app.MapPost("/other", () => { });
        });
        (await app.Http.GetStringAsync("/dapr/subscribe")).ShouldBe(
            """[{"topic":"z","pubsubName":"another","route":"a"},"""
            + """{"topic":"payment.completed","pubsubName":"bus","route":"events/paid"}]""");
    }

    [Fact]
    public async Task Rules_metadata_dead_letters_and_bulk_settings_are_listed()
    {
        await using var app = await TestApp.StartAsync(app =>
        {
            app.MapSubscribeHandler();
            app.MapPost("/v2", () => { }).WithTopic(new TopicOptions
            {
                PubsubName = "bus", Name = "t", Match = "event.type == \"v2\"", Priority = 2, DeadLetterTopic = "dead",
                Metadata = new Dictionary<string, string> { ["k"] = "v" },
            }).WithBulkSubscribe(new BulkSubscribeTopicOptions { TopicName = "t", MaxMessagesCount = 7 });
            app.MapPost("/v1", () => { }).WithTopic(new TopicOptions { PubsubName = "bus", Name = "t", Match = "event.type == \"v1\"", Priority = 3 });
            app.MapPost("/any", () => { }).WithTopic(new TopicOptions { PubsubName = "bus", Name = "t", Priority = 9, EnableRawPayload = true });
        });
        (await app.Http.GetStringAsync("/dapr/subscribe")).Replace("\\u0022", "'", StringComparison.Ordinal).ShouldBe(
            """[{"topic":"t","pubsubName":"bus","routes":{"rules":[{"match":"event.type == 'v2'","path":"v2"},"""
            + """{"match":"event.type == 'v1'","path":"v1"}],"default":"any"},"metadata":{"k":"v","rawPayload":"true"},"""
            + "\"deadLetterTopic\":\"dead\"," + """
                "bulkSubscribe":{"enabled":true,"maxMessagesCount":7,"maxAwaitDurationMs":1000}}]
                """);
    }

    [Fact]
    public async Task A_topic_attribute_on_the_handler_subscribes_it()
    {
        await using var app = await TestApp.StartAsync(app =>
        {
            app.MapSubscribeHandler(new SubscribeOptions { EnableRawPayload = true });
            app.MapPost("/x", [Topic("bus", "t")] () => { });
        });
        (await app.Http.GetStringAsync("/dapr/subscribe")).ShouldBe(
            """[{"topic":"t","pubsubName":"bus","route":"x","metadata":{"rawPayload":"true"}}]""");
    }

    [Fact]
    public async Task A_route_with_parameters_cannot_be_subscribed()
    {
        await using var app = await TestApp.StartAsync(app =>
        {
            app.MapSubscribeHandler();
            app.MapPost("/x/{id}", () => { }).WithTopic("bus", "t");
        });
        (await app.Http.GetAsync("/dapr/subscribe")).StatusCode.ShouldBe(HttpStatusCode.InternalServerError);
    }

    [Theory]
    [InlineData("""{"datacontenttype":"application/json","data":{"a":1}}""", "application/json", """{"a":1}""")]
    [InlineData("""{"data":{"a":1}}""", "application/json", """{"a":1}""")]
    [InlineData("""{"data":5,"datacontenttype":"text/plain"}""", "text/plain", "5")]
    [InlineData("""{"data":"plain text","datacontenttype":"text/plain"}""", "text/plain", "plain text")]
    [InlineData("""{"data":"in json","datacontenttype":"application/json"}""", "application/json", "\"in json\"")]
    [InlineData("""{"data":{"a":1},"datacontenttype":"application/json; charset=utf-16"}""", "application/json", """{"a":1}""")]
    [InlineData("""{"data_base64":"AQID","datacontenttype":"application/octet-stream"}""", "application/octet-stream", "\u0001\u0002\u0003")]
    [InlineData("""{"data":null}""", "application/json", "null")]
    [InlineData("""{"id":"1"}""", "", "")]
    [InlineData("""{"DATA":{"a":1},"DataContentType":"application/json"}""", "application/json", """{"a":1}""")]
    public async Task An_envelope_is_replaced_by_its_data(string envelope, string type, string body)
    {
        await using var app = await EchoAsync();
        var answer = await PostAsync(app, envelope, "application/cloudevents+json");
        answer.ShouldBe($"{type}|{body}");
        (await PostAsync(app, envelope, "application/cloudevents+json; charset=utf-8")).ShouldBe($"{type}|{body}");
    }

    [Fact]
    public async Task Data_and_binary_data_together_are_refused()
    {
        await using var app = await EchoAsync();
        using var content = new StringContent("""{"data":1,"data_base64":"AQ=="}""", Encoding.UTF8, "application/cloudevents+json");
        (await app.Http.PostAsync("/", content)).StatusCode.ShouldBe(HttpStatusCode.BadRequest);
    }

    [Fact]
    public async Task Another_content_type_is_left_alone()
    {
        await using var app = await EchoAsync();
        (await PostAsync(app, """{"data":1}""", "application/json")).ShouldBe("""application/json|{"data":1}""");
    }

    [Fact]
    public async Task Envelope_members_can_be_forwarded_as_headers()
    {
        await using var app = await TestApp.StartAsync(app =>
        {
            app.UseCloudEvents(new CloudEventsMiddlewareOptions
            {
                ForwardCloudEventPropertiesAsHeaders = true,
                ExcludedCloudEventPropertiesFromHeaders = ["source"],
            });
            app.MapPost("/", (HttpRequest request) => string.Join(',', request.Headers
                .Where(h => h.Key.StartsWith("Cloudevent.", StringComparison.OrdinalIgnoreCase)).Select(h => $"{h.Key}={h.Value}").Order()));
        });
        (await PostAsync(app, """{"id":"7","type":"x","source":"s","traceparent":"t","data":1}""", "application/cloudevents+json"))
            .ShouldBe("Cloudevent.id=7,Cloudevent.type=x");
    }

    [Theory]
    [InlineData("secret", "secret", HttpStatusCode.OK)]
    [InlineData("secret", "wrong", HttpStatusCode.Unauthorized)]
    [InlineData("secret", null, HttpStatusCode.Unauthorized)]
    [InlineData("", "anything", HttpStatusCode.Unauthorized)]
    public async Task Only_who_sends_the_apps_token_is_the_sidecar(string configured, string? sent, HttpStatusCode expected)
    {
        await using var app = await TestApp.StartAsync(
            app =>
            {
                app.UseAuthentication().UseAuthorization();
                app.MapGet("/", (HttpContext c) => c.User.Identity!.Name).RequireAuthorization("Dapr");
            },
            services =>
            {
                services.AddAuthentication().AddDapr(o => o.Token = configured);
                services.AddAuthorization(o => o.AddDapr());
            });
        using var request = new HttpRequestMessage(HttpMethod.Get, "/");
        if (sent is not null)
            request.Headers.Add("dapr-api-token", sent);
        (await app.Http.SendAsync(request)).StatusCode.ShouldBe(expected);
    }

    private static Task<TestApp> EchoAsync() => TestApp.StartAsync(app =>
    {
        app.UseCloudEvents();
        app.MapPost("/", async (HttpRequest request) =>
            $"{request.ContentType}|{await new StreamReader(request.Body).ReadToEndAsync()}");
    });

    private static async Task<string> PostAsync(TestApp app, string body, string type)
    {
        using var content = new ByteArrayContent(Encoding.UTF8.GetBytes(body));
        content.Headers.ContentType = MediaTypeHeaderValue.Parse(type);
        return await (await app.Http.PostAsync("/", content)).Content.ReadAsStringAsync();
    }
}
