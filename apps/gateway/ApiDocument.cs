using System.Text.RegularExpressions;
using ConcertDapr.Contracts;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;

namespace ConcertDapr.Gateway;

/// <summary>Headers a route reads, for the document.</summary>
internal sealed record RouteNeeds(bool QueueToken, bool IdempotencyKey);

/// <summary>What the generated OpenAPI document cannot see by itself: routes are forwarded as they come, ids are typed.</summary>
internal static partial class ApiDocument
{
    private const string Bearer = "bearer";

    /// <summary>Adds title, bearer scheme, route and header parameters, and the shapes of typed ids.</summary>
    public static void Describe(OpenApiOptions options)
    {
        options.AddDocumentTransformer((document, _, _) =>
        {
            document.Info.Title = "ConcertDapr";
            document.Info.Description = "Concert ticketing that holds when a sale opens. Refusals are ProblemDetails with a stable `code`.";
            document.Components ??= new();
            document.Components.SecuritySchemes ??= new Dictionary<string, IOpenApiSecurityScheme>();
            document.Components.SecuritySchemes[Bearer] = new OpenApiSecurityScheme { Type = SecuritySchemeType.Http, Scheme = Bearer };
            return Task.CompletedTask;
        });
        options.AddOperationTransformer((operation, context, _) =>
        {
            var metadata = context.Description.ActionDescriptor.EndpointMetadata;
            AddParameters(operation, context.Description.RelativePath ?? "", metadata.OfType<RouteNeeds>().FirstOrDefault());
            if (metadata.OfType<IAuthorizeData>().Any())
                operation.Security = [new() { [new OpenApiSecuritySchemeReference(Bearer, context.Document)] = [] }];
            return Task.CompletedTask;
        });
        options.AddSchemaTransformer((schema, context, _) =>
        {
            Shape(schema, Nullable.GetUnderlyingType(context.JsonTypeInfo.Type) ?? context.JsonTypeInfo.Type);
            return Task.CompletedTask;
        });
    }

    private static void AddParameters(OpenApiOperation operation, string path, RouteNeeds? needs)
    {
        operation.Parameters ??= [];
        foreach (var name in RouteValue().Matches(path).Select(m => m.Groups[1].Value))
            operation.Parameters.Add(new OpenApiParameter { Name = name, In = ParameterLocation.Path, Required = true, Schema = SchemaOf(name) });
        if (needs is { QueueToken: true }) operation.Parameters.Add(Header("Queue-Token", "The token of an admitted place in the concert's waiting room."));
        if (needs is { IdempotencyKey: true }) operation.Parameters.Add(Header("Idempotency-Key", "Repeating the request with the same key finds its first outcome."));
    }

    private static OpenApiParameter Header(string name, string description) =>
        new() { Name = name, In = ParameterLocation.Header, Description = description, Schema = new OpenApiSchema { Type = JsonSchemaType.String } };

    private static OpenApiSchema SchemaOf(string routeValue) => routeValue is "reservationId" or "paymentId"
        ? new() { Type = JsonSchemaType.String, Format = "uuid" }
        : new() { Type = JsonSchemaType.Integer, Format = "int64" };

    private static void Shape(OpenApiSchema schema, Type type)
    {
        if (OfId(type) is { } id) (schema.Type, schema.Format) = (id.Type, id.Format);
        else if (type == typeof(string) && schema.Type is null) schema.Type = JsonSchemaType.String; // Its own converter hides it.
        else if (schema is { Items: null } && ElementOf(type) is { } element) schema.Items = OfId(element);
    }

    private static OpenApiSchema? OfId(Type type)
    {
        var shapes = type.GetInterfaces().Where(i => i.IsGenericType).Select(i => i.GetGenericTypeDefinition()).ToList();
        if (shapes.Contains(typeof(INumber<>))) return new() { Type = JsonSchemaType.Integer, Format = "int64" };
        return shapes.Contains(typeof(IGuid<>)) ? new() { Type = JsonSchemaType.String, Format = "uuid" } : null;
    }

    private static Type? ElementOf(Type type) => type.IsGenericType && type.IsAssignableTo(typeof(System.Collections.IEnumerable)) ? type.GetGenericArguments()[0] : null;

    [GeneratedRegex(@"\{(\w+)\}")]
    private static partial Regex RouteValue();
}
