using Dapr.Actors.Client;
using Dapr.Actors.Remoting;
using Dapr.Actors.Runtime;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Microsoft.AspNetCore.Builder;

/// <summary>Maps what the sidecar calls to run actors.</summary>
public static class ActorsEndpointRouteBuilderExtensions
{
    private const string Actor = "actors/{actorType}/{actorId}";

    /// <summary>
    /// Maps <c>dapr/config</c>, the actors' calls, timers, reminders and deactivation, and an open <c>/healthz</c>.
    /// </summary>
    /// <exception cref="InvalidOperationException"><c>AddActors</c> was not called.</exception>
    public static IEndpointConventionBuilder MapActorsHandlers(this IEndpointRouteBuilder endpoints)
    {
        ArgumentNullException.ThrowIfNull(endpoints);
        var runtime = endpoints.ServiceProvider.GetService<ActorRuntime>() ?? throw new InvalidOperationException(
            "The ActorRuntime service is not registered with the dependency injection container: call AddActors().");
        var health = endpoints.MapHealthChecks("/healthz").WithMetadata(new AllowAnonymousAttribute());
        health.Add(builder => ((RouteEndpointBuilder)builder).Order = 100);
        return new Endpoints([
            endpoints.MapGet("dapr/config", context => WriteAsync(context, runtime.Settings(), "application/json")),
            endpoints.MapDelete(Actor, context =>
                runtime.Host(Value(context, "actorType")).DeactivateAsync(Value(context, "actorId"))),
            endpoints.MapPut($"{Actor}/method/{{method}}", context => InvokeAsync(runtime, context)),
            endpoints.MapPut($"{Actor}/method/remind/{{name}}", async context =>
                await runtime.Host(Value(context, "actorType")).RemindAsync(
                    Value(context, "actorId"), Value(context, "name"), await ReadAsync(context))),
            endpoints.MapPut($"{Actor}/method/timer/{{name}}", async context =>
            {
                await runtime.Host(Value(context, "actorType")).FireTimerAsync(
                    Value(context, "actorId"), await ReadAsync(context));
                await WriteAsync(context, "false"u8.ToArray(), "application/json");
            }),
            health,
        ]);
    }

    private static async Task InvokeAsync(ActorRuntime runtime, HttpContext context)
    {
        if (context.Request.Headers.TryGetValue(Reentrancy.Header, out var id))
            Reentrancy.Id = id;
        var header = context.Request.Headers[RemotingXml.RequestHeader].ToString();
        if (header.Length > 0)
            await InvokeTypedAsync(runtime, context, header);
        else
            await WriteAsync(context, await runtime.Host(Value(context, "actorType")).InvokeAsync(
                Value(context, "actorId"), Value(context, "method"), await ReadAsync(context), context.RequestAborted));
    }

    /// <summary>A typed call's exception is an answer too: status 200, told apart by a header.</summary>
    private static async Task InvokeTypedAsync(ActorRuntime runtime, HttpContext context, string header)
    {
        byte[] body;
        try
        {
            body = await runtime.Host(Value(context, "actorType")).InvokeTypedAsync(
                Value(context, "actorId"), header, await ReadAsync(context), context.RequestAborted);
        }
        catch (Exception e)
        {
            (context.Response.Headers[RemotingXml.ErrorHeader], body) = RemotingXml.Write(e);
        }

        await WriteAsync(context, body);
    }

    private static string Value(HttpContext context, string name) => (string)context.Request.RouteValues[name]!;

    private static async Task<byte[]> ReadAsync(HttpContext context)
    {
        using var stream = new MemoryStream((int)Math.Min(context.Request.ContentLength ?? 0, 1 << 20));
        await context.Request.Body.CopyToAsync(stream, context.RequestAborted);
        return stream.ToArray();
    }

    private static async Task WriteAsync(HttpContext context, byte[] body, string? contentType = null)
    {
        if (contentType is not null)
            context.Response.ContentType = contentType;
        await context.Response.Body.WriteAsync(body, context.RequestAborted);
    }

    private sealed class Endpoints(IReadOnlyList<IEndpointConventionBuilder> all) : IEndpointConventionBuilder
    {
        public void Add(Action<EndpointBuilder> convention)
        {
            foreach (var endpoint in all)
                endpoint.Add(convention);
        }
    }
}
